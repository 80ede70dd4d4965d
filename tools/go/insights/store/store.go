// Package store writes rows into files: it receives batches of rows, leaves out what it has already, and returns when the
// rest is on disk.
//
// There is no write-ahead log: the collector keeps a request in its own queue until the response. Requests that arrive
// together share a file for each table.
package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"ml-workspace/tools/go/insights/config"
	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/otlp"
	"ml-workspace/tools/go/insights/schema"
)

// ErrEnded means that the store no longer accepts rows.
var ErrEnded = errors.New("the store is shutting down")

// Store is the writing side.
type Store struct {
	settings config.Config
	set      *files.Set
	database *database
	windows  map[schema.Table]*window
	counters *counters
	batches  chan *batch
	ending   context.CancelFunc
	ended    sync.WaitGroup
	context  context.Context
	problem  string
	// tidying is held while files are merged or deleted.
	tidying sync.Mutex
}

// batch is the rows of one request, or of a part of it.
type batch struct {
	rows []otlp.Row
	size int
	done chan error
}

// Open starts the store on the files in its folder.
func Open(settings config.Config, set *files.Set) (*Store, error) {
	database, err := openDatabase(filepath.Join(set.Temporary(), "commits"), commitMemory)
	if err != nil {
		return nil, err
	}
	store := &Store{
		settings: settings, set: set, database: database, counters: openCounters(settings.Folder, set),
		windows: map[schema.Table]*window{}, batches: make(chan *batch),
	}
	for _, table := range schema.Tables {
		if store.windows[table], err = store.rebuild(table); err != nil {
			return nil, fmt.Errorf("reading the latest rows of the table '%s': %w", table, err)
		}
	}
	store.context, store.ending = context.WithCancel(context.Background())
	store.ended.Go(store.commitAll)
	store.ended.Go(store.upkeep)
	return store, nil
}

// Close ends the store; what is acknowledged is on disk already.
func (store *Store) Close() {
	store.ending()
	store.ended.Wait()
	_ = store.counters.save() // what they miss is only statistics
	_ = store.database.Close()
}

// Write returns when rows are on disk, each of them once. After an error none, some or all of them are; to send them again
// is safe.
func (store *Store) Write(ctx context.Context, rows []otlp.Row) error {
	if len(rows) == 0 {
		return nil
	}
	one := &batch{rows: rows, done: make(chan error, 1)}
	for _, row := range rows {
		one.size += row.Size()
	}
	select {
	case store.batches <- one:
	case <-ctx.Done():
		return ctx.Err()
	case <-store.context.Done():
		return ErrEnded
	}
	return <-one.done
}

// Status describes what is stored.
func (store *Store) Status() Status {
	tables := map[schema.Table]TableStatus{}
	for _, table := range schema.Tables {
		tables[table] = TableStatus{
			Summary:           store.set.Summary(table),
			RowsDroppedByCap:  store.counters.dropped(table),
			DuplicatesDropped: store.counters.duplicates(table),
		}
	}
	return Status{
		Tables:           tables,
		RetentionInDays:  store.settings.RetentionInDays,
		MaximumGigabytes: store.settings.MaximumGigabytes,
		DamagedFiles:     store.set.Damaged,
	}
}
