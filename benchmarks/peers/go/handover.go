package main

import (
	"encoding/binary"
	"os"
)

// A case read from a file, and plans written to one: see benchmarks/assignors/handover.py.

type owned struct {
	topic int
	ids   []int32
}

type member struct {
	id      string
	profile int
	owned   []owned
}

type handover struct {
	generation int32
	topics     []string
	counts     []int32
	profiles   [][]string
	members    []member
}

func readCase(path string) (*handover, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	in := reader{data}
	read := &handover{generation: in.word()}
	for left := in.word(); left > 0; left-- {
		read.topics = append(read.topics, in.text())
		read.counts = append(read.counts, in.word())
	}
	for left := in.word(); left > 0; left-- {
		var profile []string
		for _, topic := range in.column() {
			profile = append(profile, read.topics[topic])
		}
		read.profiles = append(read.profiles, profile)
	}
	for left := in.word(); left > 0; left-- {
		each := member{id: in.text(), profile: int(in.word())}
		for columns := in.word(); columns > 0; columns-- {
			each.owned = append(each.owned, owned{int(in.word()), in.column()})
		}
		read.members = append(read.members, each)
	}
	return read, nil
}

// writePlan writes one list per member, in the order of the case.
func writePlan(path string, plan [][]owned) error {
	var out []byte
	for _, columns := range plan {
		out = word(out, len(columns))
		for _, each := range columns {
			out = word(word(out, each.topic), len(each.ids))
			for _, id := range each.ids {
				out = word(out, int(id))
			}
		}
	}
	return os.WriteFile(path, out, 0o644)
}

func word(out []byte, value int) []byte {
	return binary.BigEndian.AppendUint32(out, uint32(value))
}

type reader struct{ left []byte }

func (r *reader) word() int32 {
	value := int32(binary.BigEndian.Uint32(r.left))
	r.left = r.left[4:]
	return value
}

func (r *reader) text() string {
	length := r.word()
	text := string(r.left[:length])
	r.left = r.left[length:]
	return text
}

func (r *reader) column() []int32 {
	column := make([]int32, r.word())
	for at := range column {
		column[at] = r.word()
	}
	return column
}
