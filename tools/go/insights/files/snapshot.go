package files

import (
	"time"

	"ml-workspace/tools/go/insights/schema"
)

// Snapshot is a consistent selection of files: every row that was committed before is in exactly one of them. Its files
// stay until it is released.
type Snapshot struct {
	set   *Set
	files []*File
}

// Snapshot selects the files of a table that may have rows between two times, inclusive; a zero time is no limit.
func (set *Set) Snapshot(table schema.Table, from, to time.Time) *Snapshot {
	set.mutex.Lock()
	defer set.mutex.Unlock()
	snapshot := &Snapshot{set: set}
	for _, file := range set.tables[table] {
		if (from.IsZero() || !file.To.Before(from)) && (to.IsZero() || !file.From.After(to)) {
			file.readers++
			snapshot.files = append(snapshot.files, file)
		}
	}
	return snapshot
}

// Paths returns the files' paths in the order of their commits.
func (snapshot *Snapshot) Paths() []string {
	paths := make([]string, len(snapshot.files))
	for number, file := range snapshot.files {
		paths[number] = file.Path
	}
	return paths
}

// Release allows the files to be deleted. It may be called again.
func (snapshot *Snapshot) Release() {
	snapshot.set.mutex.Lock()
	defer snapshot.set.mutex.Unlock()
	for _, file := range snapshot.files {
		file.readers--
		removeUnread(file)
	}
	snapshot.files = nil
}

// Summary describes the files of one table.
type Summary struct {
	Rows   uint64     `json:"rows"`
	Bytes  int64      `json:"bytes"`
	Files  int        `json:"files"`
	Oldest *time.Time `json:"oldest,omitempty"`
	Newest *time.Time `json:"newest,omitempty"`
}

// Summary describes the files of a table.
func (set *Set) Summary(table schema.Table) Summary {
	var summary Summary
	for _, file := range set.List(table) {
		summary.Files++
		summary.Rows += file.Rows
		summary.Bytes += file.Bytes
		if summary.Oldest == nil || file.From.Before(*summary.Oldest) {
			summary.Oldest = &file.From
		}
		if summary.Newest == nil || file.To.After(*summary.Newest) {
			summary.Newest = &file.To
		}
	}
	return summary
}
