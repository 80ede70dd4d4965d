// Package store writes rows into files: it receives batches of rows, leaves out what it has already, and returns when the
// rest is on disk.
package store

import (
	"ml-workspace/tools/go/insights/config"
	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/schema"
)

// Store is the writing side.
type Store struct {
	settings config.Config
	set      *files.Set
}

// Open starts the store on the files in its folder.
func Open(settings config.Config, set *files.Set) (*Store, error) {
	return &Store{settings: settings, set: set}, nil
}

// Close ends the store; what is acknowledged is on disk already.
func (store *Store) Close() {}

// Status describes what is stored.
func (store *Store) Status() Status {
	tables := map[schema.Table]TableStatus{}
	for _, table := range schema.Tables {
		tables[table] = TableStatus{Summary: store.set.Summary(table)}
	}
	return Status{
		Tables:           tables,
		RetentionInDays:  store.settings.RetentionInDays,
		MaximumGigabytes: store.settings.MaximumGigabytes,
		DamagedFiles:     store.set.Damaged,
	}
}
