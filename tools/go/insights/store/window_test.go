package store

import (
	"math/rand/v2"
	"testing"
)

func TestWindowKnowsTheLatestRows(t *testing.T) {
	known := window{rows: 1000}
	random := rand.New(rand.NewPCG(1, 2))
	all := []uint64{0}
	for range 2500 {
		all = append(all, random.Uint64())
	}
	for _, key := range all {
		if known.contains(key) {
			t.Fatalf("%d is known before it was added", key)
		}
		known.add(key)
	}
	for _, key := range all[len(all)-1000:] {
		if !known.contains(key) {
			t.Fatalf("%d is forgotten", key)
		}
	}
	if known.contains(all[1]) || len(known.newer.slots)+len(known.older.slots) > 4096 {
		t.Fatal("the window has no limit")
	}
}
