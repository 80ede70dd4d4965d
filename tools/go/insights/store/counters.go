package store

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/schema"
)

// counters are the statistics that survive a restart, in a file of their own.
type counters struct {
	path  string
	mutex sync.Mutex
	state counted
}

type counted struct {
	RowsDroppedByCap  map[schema.Table]uint64 `json:"rowsDroppedByCap"`
	DuplicatesDropped map[schema.Table]uint64 `json:"duplicatesDropped"`
	// Dropping are files that are counted already and about to be deleted.
	Dropping []string `json:"dropping,omitempty"`
}

// openCounters reads the counters, and completes the deletion that a kill has interrupted.
func openCounters(folder string, set *files.Set) *counters {
	read := &counters{path: filepath.Join(folder, "counters.json")}
	content, err := os.ReadFile(read.path)
	if err == nil {
		err = json.Unmarshal(content, &read.state)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		// They are statistics: no reason to keep what is stored from being read.
		slog.Warn("the counters of dropped rows cannot be read; they start at 0", "file", read.path, "error", err)
		read.state = counted{}
	}
	if read.state.RowsDroppedByCap == nil {
		read.state.RowsDroppedByCap = map[schema.Table]uint64{}
	}
	if read.state.DuplicatesDropped == nil {
		read.state.DuplicatesDropped = map[schema.Table]uint64{}
	}
	for _, name := range read.state.Dropping {
		for _, table := range schema.Tables {
			for _, file := range set.List(table) {
				if file.Path == filepath.Join(folder, name) {
					set.Delete(table, []*files.File{file})
				}
			}
		}
	}
	read.state.Dropping = nil
	return read
}

func (counters *counters) dropped(table schema.Table) uint64 {
	counters.mutex.Lock()
	defer counters.mutex.Unlock()
	return counters.state.RowsDroppedByCap[table]
}

func (counters *counters) duplicates(table schema.Table) uint64 {
	counters.mutex.Lock()
	defer counters.mutex.Unlock()
	return counters.state.DuplicatesDropped[table]
}

func (counters *counters) addDuplicates(table schema.Table, count uint64) {
	counters.mutex.Lock()
	defer counters.mutex.Unlock()
	counters.state.DuplicatesDropped[table] += count
}

// drop counts the rows of a file before it is deleted, so that a kill in between neither loses nor doubles them.
func (counters *counters) drop(folder string, table schema.Table, file *files.File) error {
	name, err := filepath.Rel(folder, file.Path)
	if err != nil {
		return err
	}
	counters.mutex.Lock()
	counters.state.RowsDroppedByCap[table] += file.Rows
	counters.state.Dropping = []string{name}
	counters.mutex.Unlock()
	return counters.save()
}

// save replaces the file; after a kill there is the old one or the new one.
func (counters *counters) save() error {
	counters.mutex.Lock()
	content, err := json.Marshal(counters.state)
	counters.mutex.Unlock()
	if err != nil {
		return err
	}
	temporary := counters.path + ".unfinished"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	if err := syncFile(temporary); err != nil {
		return err
	}
	if err := os.Rename(temporary, counters.path); err != nil {
		return err
	}
	return files.SyncFolder(filepath.Dir(counters.path))
}
