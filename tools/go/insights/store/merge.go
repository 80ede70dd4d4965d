package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/schema"
)

const (
	// fan is how many files of about the same size are merged into one.
	fan = 16
	// largest is the number of rows above which files are not merged: the unit of what the size limit deletes.
	largest = 1 << 20
	// settled is the age at which the files of a partition are merged even if they are few.
	settled = 10 * time.Minute
	// fewest is how many of them may stay.
	fewest = 4
)

// tiers are the numbers of rows up to which files count as of the same size.
var tiers = []uint64{1 << 10, 1 << 14, 1 << 17}

// merger makes larger files of small ones, with a database that exists only while there is something to merge.
type merger struct {
	*Store
	database *database
	// stuck are files of merges that failed: they are left alone until the next start.
	stuck map[string]bool
}

// mergeAll merges until no table has too many files.
func (store *Store) mergeAll(now time.Time, stuck map[string]bool) error {
	store.tidying.Lock()
	defer store.tidying.Unlock()
	merger := &merger{Store: store, stuck: stuck}
	defer merger.close()
	for _, table := range schema.Tables {
		for store.context.Err() == nil {
			sources := choose(merger.set.List(table), now, merger.stuck)
			if sources == nil {
				break
			}
			if err := merger.merge(table, sources); err != nil {
				return fmt.Errorf("merging %d files of the table '%s': %w", len(sources), table, err)
			}
		}
	}
	return nil
}

func (merger *merger) close() {
	if merger.database != nil {
		_ = merger.database.Close()
	}
}

// choose returns consecutive files of one partition that are worth a merge.
func choose(all []*files.File, now time.Time, stuck map[string]bool) []*files.File {
	for _, run := range partitions(all) {
		for _, tier := range tiers {
			if sources := longest(run, tier, stuck); len(sources) >= fan {
				return limited(sources[:fan])
			}
		}
		if now.Sub(run[len(run)-1].Modified) > settled {
			if sources := longest(run, tiers[len(tiers)-1], stuck); len(sources) > fewest {
				return limited(sources)
			}
		}
	}
	return nil
}

// partitions groups files, which are in the order of their commits.
func partitions(all []*files.File) (groups [][]*files.File) {
	positions := map[string]int{}
	for _, file := range all {
		position, isKnown := positions[file.Partition]
		if !isKnown {
			position = len(groups)
			positions[file.Partition] = position
			groups = append(groups, nil)
		}
		groups[position] = append(groups[position], file)
	}
	return groups
}

// longest returns the longest run of files that have at most so many rows; a file that is stuck ends a run.
func longest(run []*files.File, rows uint64, stuck map[string]bool) (found []*files.File) {
	begin := 0
	for position, file := range run {
		if file.Rows > rows || stuck[file.Path] {
			begin = position + 1
		} else if position+1-begin > len(found) {
			found = run[begin : position+1]
		}
	}
	return found
}

// limited shortens a run so that the merged file does not become too large.
func limited(run []*files.File) []*files.File {
	rows := uint64(0)
	for position, file := range run {
		if rows += file.Rows; rows > largest && position > 1 {
			return run[:position]
		}
	}
	return run
}

// merge writes the rows of files into one, in their order, and each of them once.
func (merger *merger) merge(table schema.Table, sources []*files.File) (err error) {
	if merger.database == nil {
		if merger.database, err = openDatabase(filepath.Join(merger.set.Temporary(), "merges"), mergeMemory); err != nil {
			return err
		}
	}
	path := filepath.Join(merger.set.Temporary(), fmt.Sprintf("merge-%s.parquet", table))
	meta, repeated, err := merger.combine(table, sources, path)
	if err != nil {
		if !errors.Is(err, syscall.ENOSPC) && !strings.Contains(err.Error(), "No space left") {
			for _, file := range sources {
				merger.stuck[file.Path] = true
			}
		}
		return err
	}
	if err := merger.set.Replace(table, sources, path, meta); err != nil {
		return err
	}
	merger.counters.addDuplicates(table, repeated)
	return nil
}

// combine writes the merged file.
func (merger *merger) combine(table schema.Table, sources []*files.File, path string) (files.Meta, uint64, error) {
	meta := files.Meta{From: sources[0].From, To: sources[0].To, Partition: sources[0].Partition}
	paths := make([]string, len(sources))
	for position, file := range sources {
		paths[position] = file.Path
		meta.Rows += file.Rows
		if file.From.Before(meta.From) {
			meta.From = file.From
		}
		if file.To.After(meta.To) {
			meta.To = file.To
		}
	}
	query := "SELECT * FROM read_parquet(" + literals(paths) + ")"
	repeated, err := merger.findRepeated(table, paths, meta.Rows)
	if err != nil {
		return meta, 0, err
	}
	if repeated > 0 {
		meta.Rows -= repeated
		query = withoutRepeated(paths)
	}
	return meta, repeated, merger.database.copyTo(path, query, "COMPRESSION_LEVEL 3")
}
