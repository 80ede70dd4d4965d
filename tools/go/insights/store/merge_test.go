package store

import (
	"fmt"
	"testing"
	"time"

	"ml-workspace/tools/go/insights/files"
)

// run makes files with so many rows each, one commit apart.
func run(partition string, rows ...uint64) (found []*files.File) {
	for number, count := range rows {
		meta := files.Meta{Partition: partition, First: uint64(number), Last: uint64(number), Rows: count}
		found = append(found, &files.File{Meta: meta, Path: fmt.Sprint(partition, number), Modified: time.Unix(1000, 0)})
	}
	return found
}

func repeat(rows uint64, count int) (all []uint64) {
	for range count {
		all = append(all, rows)
	}
	return all
}

func TestConsecutiveFilesOfOnePartitionAreMergedWhenTheyAreMany(t *testing.T) {
	soon, later := time.Unix(1010, 0), time.Unix(3000, 0)
	for name, one := range map[string]struct {
		all      []*files.File
		now      time.Time
		expected int
	}{
		"too few":           {run("a", repeat(10, 15)...), soon, 0},
		"enough":            {run("a", repeat(10, 16)...), soon, 16},
		"two partitions":    {append(run("a", repeat(10, 15)...), run("b", repeat(10, 15)...)...), soon, 0},
		"a large one apart": {run("a", append(append(repeat(10, 8), 5000), repeat(10, 8)...)...), soon, 16},
		"middle ones":       {run("a", repeat(9000, 16)...), soon, 16},
		"large ones":        {run("a", repeat(200_000, 40)...), later, 0},
		"not too large":     {run("a", repeat(100_000, 16)...), soon, 10},
		"settled":           {run("a", repeat(10, 7)...), later, 7},
		"settled and few":   {run("a", repeat(10, 4)...), later, 0},
	} {
		if found := choose(one.all, one.now, nil); len(found) != one.expected {
			t.Errorf("%s: %d files are merged, expected %d", name, len(found), one.expected)
		}
	}
}

func TestFilesThatCouldNotBeMergedSeparateRuns(t *testing.T) {
	all := run("a", repeat(10, 20)...)
	if found := choose(all, time.Unix(1010, 0), map[string]bool{all[10].Path: true}); found != nil {
		t.Fatalf("%d files are merged", len(found))
	}
}
