package store

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/otlp"
	"ml-workspace/tools/go/insights/schema"
)

const (
	// linger is how long the first request of a group waits for others.
	linger = 200 * time.Millisecond
	// groupSize ends the waiting: so many bytes are worth a file.
	groupSize = 3 << 20
	// fileSize is what fits into the memory of a commit, whatever the rows look like.
	fileSize = 4 << 20
)

// commitAll writes groups of batches, one group at a time.
func (store *Store) commitAll() {
	for {
		select {
		case <-store.context.Done():
			return
		case first := <-store.batches:
			group := store.gather(first)
			err := store.commit(group)
			store.report(err)
			for _, one := range group {
				one.done <- err
			}
		}
	}
}

func (store *Store) gather(first *batch) []*batch {
	group, size := []*batch{first}, first.size
	timer := time.NewTimer(linger)
	defer timer.Stop()
	for size < groupSize {
		select {
		case one := <-store.batches:
			group, size = append(group, one), size+one.size
		case <-timer.C:
			return group
		case <-store.context.Done():
			return group
		}
	}
	return group
}

// target is a file that a group is written to.
type target struct {
	table     schema.Table
	partition string
}

func (store *Store) commit(group []*batch) error {
	for target, rows := range store.divide(group, time.Now()) {
		if err := store.writeFile(target, rows); err != nil {
			return fmt.Errorf("writing rows of the table '%s': %w", target.table, err)
		}
	}
	return nil
}

// divide leaves out rows that are known, and assigns the others to files.
func (store *Store) divide(group []*batch, received time.Time) map[target][]otlp.Row {
	divided := map[target][]otlp.Row{}
	inGroup := map[schema.Table]*keys{}
	for _, one := range group {
		for _, row := range one.rows {
			if inGroup[row.Table] == nil {
				inGroup[row.Table] = &keys{}
			}
			if inGroup[row.Table].contains(row.Key) || store.windows[row.Table].contains(row.Key) {
				store.counters.addDuplicates(row.Table, 1)
				continue
			}
			inGroup[row.Table].add(row.Key)
			file := target{row.Table, files.Partition(row.Time, received)}
			divided[file] = append(divided[file], row)
		}
	}
	return divided
}

// writeFile writes one file, or several if the rows are too large for the memory of a commit. They are known from then on, even if the next file
// of the group fails: its request will be sent again.
func (store *Store) writeFile(target target, rows []otlp.Row) error {
	slices.SortStableFunc(rows, func(one, other otlp.Row) int { return one.Time.Compare(other.Time) })
	if count := fitting(rows, fileSize); count < len(rows) {
		return store.writeFiles(target, rows[:count], rows[count:])
	}
	path := filepath.Join(store.set.Temporary(), fmt.Sprintf("commit-%s.parquet", target.table))
	err := store.database.write(path, rows)
	if isOutOfMemory(err) && len(rows) > 1 {
		return store.writeFiles(target, rows[:len(rows)/2], rows[len(rows)/2:])
	}
	if err != nil {
		return err
	}
	meta := files.Meta{
		From: rows[0].Time, To: rows[len(rows)-1].Time, Partition: target.partition, Rows: uint64(len(rows)),
	}
	if err := store.set.Publish(target.table, path, meta); err != nil {
		return err
	}
	for _, row := range rows {
		store.windows[target.table].add(row.Key)
	}
	return nil
}

func (store *Store) writeFiles(target target, divided ...[]otlp.Row) error {
	for _, rows := range divided {
		if err := store.writeFile(target, rows); err != nil {
			return err
		}
	}
	return nil
}

func isOutOfMemory(err error) bool {
	var ofDatabase *duckdb.Error
	return errors.As(err, &ofDatabase) && ofDatabase.Type == duckdb.ErrorTypeOutOfMemory
}

// report logs when writing starts to fail, and when it works again.
func (store *Store) report(err error) {
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	if problem != store.problem && problem != "" {
		slog.Error("rows cannot be written; their senders are asked to send them again", "error", problem)
	} else if problem != store.problem {
		slog.Info("rows can be written again")
	}
	store.problem = problem
}
