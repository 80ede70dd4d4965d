package store

import "ml-workspace/tools/go/insights/schema"

// window remembers the keys of the latest rows of a table. It has a limit: when the newer of two generations is full, the
// older one is forgotten. So it knows at least that many
// of the last rows, and at most twice as many.
type window struct {
	newer, older keys
	rows         int
}

// windowRows is far more than a collector can send between writing a batch and sending it again: its consumers have one
// batch each under way, whatever the time that passes. A row takes 32 bytes at most.
var windowRows = map[schema.Table]int{
	schema.Spans: 1 << 17, schema.Exceptions: 1 << 14, schema.Logs: 1 << 16, schema.Metrics: 1 << 16,
	schema.Availability: 1 << 6,
}

func (known *window) contains(key uint64) bool {
	return known.newer.contains(key) || known.older.contains(key)
}

func (known *window) add(key uint64) {
	if known.newer.count >= known.rows {
		known.newer, known.older = keys{}, known.newer
	}
	known.newer.add(key)
}

// keys is a set of hashes in an open-addressing table; a map would take four times the memory.
type keys struct {
	slots   []uint64
	count   int
	hasZero bool
}

const firstSlots = 1 << 10

func (set *keys) contains(key uint64) bool {
	if key == 0 {
		return set.hasZero
	}
	if len(set.slots) == 0 {
		return false
	}
	return set.slots[set.find(key)] == key
}

func (set *keys) add(key uint64) {
	if key == 0 {
		set.hasZero = true
		return
	}
	if 3*len(set.slots) <= 4*set.count {
		set.grow()
	}
	position := set.find(key)
	if set.slots[position] == 0 {
		set.slots[position] = key
		set.count++
	}
}

// find returns the place of a key, or the free one where it belongs.
func (set *keys) find(key uint64) int {
	mask := uint64(len(set.slots) - 1)
	position := key & mask
	for set.slots[position] != 0 && set.slots[position] != key {
		position = (position + 1) & mask
	}
	return int(position)
}

func (set *keys) grow() {
	old := set.slots
	set.slots = make([]uint64, max(firstSlots, 2*len(old)))
	for _, key := range old {
		if key != 0 {
			set.slots[set.find(key)] = key
		}
	}
}
