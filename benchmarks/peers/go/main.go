// Runs franz-go's CooperativeStickyBalancer on one case: peers CASE PLAN SECONDS SLOW.
//
// It says what benchmarks/peers/java/Peer.java says. The balancer is called through its public
// GroupBalancer interface, as a group's leader calls it: MemberBalancer decodes every member's
// subscription, BalanceOrError is the solver, IntoSyncAssignment encodes. The plan that is judged
// is the one before the cooperative wrapper withholds anything: StickyBalancer's, whose engine is
// the same.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	leastRuns = 16
	mostRuns  = 20_000
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	group, err := readCase(args[0])
	if err != nil {
		return err
	}
	enough, err := seconds(args[2])
	if err != nil {
		return err
	}
	slow, err := seconds(args[3])
	if err != nil {
		return err
	}
	counts := make(map[string]int32, len(group.topics))
	for at, topic := range group.topics {
		counts[topic] = group.counts[at]
	}
	eager := joined(group, kgo.StickyBalancer())
	fmt.Println("ready")
	began := time.Now()
	plan, _, err := rebalance(kgo.StickyBalancer(), eager, counts)
	if err != nil {
		return err
	}
	first := time.Since(began)
	fmt.Printf("first %.6f\n", ms(first))
	if err := hand(args[1], group, plan); err != nil {
		return err
	}
	if err := measure(joined(group, kgo.CooperativeStickyBalancer()), counts, enough, slow); err != nil {
		return err
	}
	fmt.Println("peak", peak())
	return nil
}

// rebalance decodes, balances and encodes, and says how long balancing alone took.
func rebalance(
	balancer kgo.GroupBalancer, members []kmsg.JoinGroupResponseMember, counts map[string]int32,
) ([]kmsg.SyncGroupRequestGroupAssignment, time.Duration, error) {
	group, _, err := balancer.MemberBalancer(members)
	if err != nil {
		return nil, 0, err
	}
	began := time.Now()
	plan, err := group.(kgo.GroupMemberBalancerOrError).BalanceOrError(counts)
	alone := time.Since(began)
	if err != nil {
		return nil, 0, err
	}
	return plan.IntoSyncAssignment(), alone, nil
}

func measure(
	members []kmsg.JoinGroupResponseMember, counts map[string]int32, enough, slow time.Duration,
) error {
	solver, wire := []string{"solver"}, []string{"wire"}
	began := time.Now()
	for {
		at := time.Now()
		_, alone, err := rebalance(kgo.CooperativeStickyBalancer(), members, counts)
		if err != nil {
			return err
		}
		wire = append(wire, fmt.Sprintf("%.6f", ms(time.Since(at))))
		solver = append(solver, fmt.Sprintf("%.6f", ms(alone)))
		limit := enough
		if len(wire) <= leastRuns {
			limit = slow
		}
		if len(wire) > mostRuns || time.Since(began) >= limit {
			break
		}
	}
	fmt.Println(strings.Join(solver, " "))
	fmt.Println(strings.Join(wire, " "))
	return nil
}

// joined is the group as the coordinator hands it to the leader.
func joined(group *handover, balancer kgo.GroupBalancer) []kmsg.JoinGroupResponseMember {
	members := make([]kmsg.JoinGroupResponseMember, 0, len(group.members))
	for _, each := range group.members {
		current := make(map[string][]int32, len(each.owned))
		for _, columns := range each.owned {
			current[group.topics[columns.topic]] = columns.ids
		}
		generation := int32(-1)
		if len(current) > 0 {
			generation = group.generation
		}
		joining := kmsg.NewJoinGroupResponseMember()
		joining.MemberID = each.id
		joining.ProtocolMetadata = balancer.JoinGroupMetadata(
			group.profiles[each.profile], current, generation)
		members = append(members, joining)
	}
	return members
}

func hand(path string, group *handover, plan []kmsg.SyncGroupRequestGroupAssignment) error {
	numbers := make(map[string]int, len(group.topics))
	for at, topic := range group.topics {
		numbers[topic] = at
	}
	given := make(map[string][]owned, len(plan))
	for _, each := range plan {
		topics, err := kgo.ParseConsumerSyncAssignment(each.MemberAssignment)
		if err != nil {
			return err
		}
		for topic, ids := range topics {
			given[each.MemberID] = append(given[each.MemberID], owned{numbers[topic], ids})
		}
	}
	inOrder := make([][]owned, 0, len(group.members))
	for _, each := range group.members {
		inOrder = append(inOrder, given[each.id])
	}
	return writePlan(path, inOrder)
}

func seconds(text string) (time.Duration, error) {
	value, err := strconv.ParseFloat(text, 64)
	return time.Duration(value * float64(time.Second)), err
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// peak is the most memory this process ever held, in KiB; 0 where the system does not say.
func peak() int {
	status, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(status), "\n") {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			return kib
		}
	}
	return 0
}
