// One franz-go consumer in a group: judge JSON.
//
// It speaks as tests/judges/__init__.py says. The rule kept here: what was polled is told before
// the group may rebalance (BlockRebalanceOnPoll), so that no record is told by a member that has
// given its partition up. When standard input ends the process ends, in whatever state it is.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	poll      = 20 * time.Millisecond
	heartbeat = 200 * time.Millisecond
	endWithin = 20 * time.Second
)

type settings struct {
	Servers          string   `json:"servers"`
	GroupID          string   `json:"group_id"`
	Member           string   `json:"member"`
	Topics           []string `json:"topics"`
	Assignor         string   `json:"assignor"`
	InstanceID       *string  `json:"instance_id"`
	SessionTimeoutMs int64    `json:"session_timeout_ms"`
}

func main() {
	commands := make(chan string, 16)
	go read(commands)
	if err := run(os.Args[1], commands); err != nil {
		tell("failed", "error", err.Error())
		os.Exit(1)
	}
}

func run(argument string, commands <-chan string) error {
	var wanted settings
	if err := json.Unmarshal([]byte(argument), &wanted); err != nil {
		return err
	}
	options, err := wanted.options()
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	tell("started")
	for {
		select {
		case command := <-commands:
			if command == "close" {
				client.CloseAllowingRebalance()
				tell("closed")
				return nil
			}
			if err := obey(client, command); err != nil {
				return err
			}
		default:
			if err := report(client); err != nil {
				return err
			}
		}
	}
}

func (wanted *settings) options() ([]kgo.Opt, error) {
	balancers := map[string]kgo.GroupBalancer{
		"range":              kgo.RangeBalancer(),
		"cooperative-sticky": kgo.CooperativeStickyBalancer(),
	}
	balancer, known := balancers[wanted.Assignor]
	if !known {
		return nil, fmt.Errorf("no assignor %q", wanted.Assignor)
	}
	options := []kgo.Opt{
		kgo.SeedBrokers(wanted.Servers),
		kgo.ClientID(wanted.Member),
		kgo.ConsumerGroup(wanted.GroupID),
		kgo.ConsumeTopics(wanted.Topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.Balancers(balancer),
		kgo.SessionTimeout(time.Duration(wanted.SessionTimeoutMs) * time.Millisecond),
		kgo.HeartbeatInterval(heartbeat),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(telling("assigned")),
		kgo.OnPartitionsRevoked(telling("revoked")),
		kgo.OnPartitionsLost(telling("lost")),
	}
	if wanted.InstanceID != nil {
		options = append(options, kgo.InstanceID(*wanted.InstanceID))
	}
	return options, nil
}

func obey(client *kgo.Client, command string) error {
	switch command {
	case "commit":
		if err := client.CommitUncommittedOffsets(context.Background()); err != nil {
			return err
		}
	case "ping":
	default:
		return fmt.Errorf("unknown command: %s", command)
	}
	tell("done", "command", command)
	return nil
}

func report(client *kgo.Client) error {
	soon, cancel := context.WithTimeout(context.Background(), poll)
	defer cancel()
	fetches := client.PollFetches(soon)
	defer client.AllowRebalance()
	for _, each := range fetches.Errors() {
		if !errors.Is(each.Err, context.DeadlineExceeded) {
			return fmt.Errorf("%s-%d: %w", each.Topic, each.Partition, each.Err)
		}
	}
	records := make(map[string]map[string][]int64)
	fetches.EachRecord(func(record *kgo.Record) {
		of := records[record.Topic]
		if of == nil {
			of = make(map[string][]int64)
			records[record.Topic] = of
		}
		partition := strconv.Itoa(int(record.Partition))
		of[partition] = append(of[partition], record.Offset)
	})
	if len(records) > 0 {
		tell("read", "records", records)
	}
	return nil
}

func telling(event string) func(context.Context, *kgo.Client, map[string][]int32) {
	return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
		tell(event, "partitions", partitions)
	}
}

var oneLine sync.Mutex // lines do not mix

// tell writes one event, with more of its fields as name, value.
func tell(event string, more ...any) {
	oneLine.Lock()
	defer oneLine.Unlock()
	line := map[string]any{"event": event, "t_ms": time.Now().UnixMilli()}
	for at := 0; at < len(more); at += 2 {
		line[more[at].(string)] = more[at+1]
	}
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		os.Exit(1) // nobody reads any more
	}
}

// read takes commands, and ends the process some time after there can be no more.
func read(commands chan<- string) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		commands <- lines.Text()
	}
	commands <- "close"
	time.Sleep(endWithin)
	os.Exit(1)
}
