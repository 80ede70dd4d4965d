// Package files manages the Parquet files of the tables: which of them are valid, which of them a query reads, and when one
// is deleted.
//
// There is no catalogue. A file appears complete, by a rename, and its name says what is in it. A merged file replaces its
// sources the moment it appears, because its sequence numbers contain theirs; sources that a kill left behind are deleted
// at the next start.
package files

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"ml-workspace/tools/go/insights/schema"
)

// File is one valid file.
type File struct {
	Meta
	Path     string
	Bytes    int64
	Modified time.Time
	readers  int
	obsolete bool
}

// Newest is the time by which retention deletes the file: that of its newest row, unless a wrong clock set that.
func (file *File) Newest() time.Time {
	if file.Partition == Elsewhen {
		return file.Modified
	}
	return file.To
}

// Set is all valid files.
type Set struct {
	folder string
	mutex  sync.Mutex
	tables map[schema.Table][]*File
	next   uint64
	// Damaged counts files that were put aside at the start because they are incomplete.
	Damaged int
}

// Open finds the files in a folder, and deletes what a kill has left behind.
func Open(folder string) (*Set, error) {
	set := &Set{folder: folder, tables: map[schema.Table][]*File{}, next: 1}
	temporary := set.Temporary()
	if err := os.RemoveAll(temporary); err != nil {
		return nil, fmt.Errorf("clearing temporary files: %w", err)
	}
	if err := os.MkdirAll(temporary, 0o700); err != nil {
		return nil, fmt.Errorf("creating the folder for temporary files: %w", err)
	}
	for _, table := range schema.Tables {
		if err := set.openTable(table); err != nil {
			return nil, fmt.Errorf("opening the table '%s': %w", table, err)
		}
	}
	return set, nil
}

// Temporary is a folder for unfinished files, on the same file system as the finished ones.
func (set *Set) Temporary() string { return filepath.Join(set.folder, "tmp") }

func (set *Set) openTable(table schema.Table) error {
	folder := set.tableFolder(table)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var found []*File
	for _, entry := range entries {
		file, err := inspect(filepath.Join(folder, entry.Name()))
		switch {
		case errors.Is(err, errDamaged):
			set.Damaged++
			if err := os.Rename(filepath.Join(folder, entry.Name()), filepath.Join(folder, entry.Name()+".damaged")); err != nil {
				return err
			}
		case err == nil:
			found = append(found, file)
			set.next = max(set.next, file.Last+1)
		}
	}
	for _, file := range found {
		replaced := slices.ContainsFunc(found, func(other *File) bool { return other != file && other.contains(file.Meta) })
		if !replaced {
			set.tables[table] = append(set.tables[table], file)
		} else if err := os.Remove(file.Path); err != nil {
			return err
		}
	}
	sortBySequence(set.tables[table])
	return nil
}

var errDamaged = errors.New("the file is incomplete")

func inspect(path string) (*File, error) {
	meta, err := parse(filepath.Base(path))
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !isComplete(path, info.Size()) {
		return nil, errDamaged
	}
	return &File{Meta: meta, Path: path, Bytes: info.Size(), Modified: info.ModTime()}, nil
}

// isComplete tells whether a file begins and ends like a Parquet file.
func isComplete(path string, size int64) bool {
	const magic = "PAR1"
	file, err := os.Open(path)
	if err != nil || size < 3*int64(len(magic)) {
		return false
	}
	defer file.Close()
	first, last := make([]byte, len(magic)), make([]byte, len(magic))
	_, err = file.ReadAt(first, 0)
	_, errLast := file.ReadAt(last, size-int64(len(magic)))
	return err == nil && errLast == nil && string(first) == magic && string(last) == magic
}

func sortBySequence(files []*File) {
	slices.SortFunc(files, func(one, other *File) int {
		if one.First < other.First {
			return -1
		}
		return 1
	})
}

func (set *Set) tableFolder(table schema.Table) string {
	return filepath.Join(set.folder, string(table))
}

// List returns the valid files of a table in the order of their commits.
func (set *Set) List(table schema.Table) []*File {
	set.mutex.Lock()
	defer set.mutex.Unlock()
	return slices.Clone(set.tables[table])
}

// Publish makes a finished, synced temporary file a valid one with the next sequence number. When it returns an error, the
// file is not there.
func (set *Set) Publish(table schema.Table, temporary string, meta Meta) error {
	set.mutex.Lock()
	meta.First, meta.Last = set.next, set.next
	set.next++
	set.mutex.Unlock()
	return set.appear(table, temporary, meta, nil)
}

// Replace makes a finished, synced temporary file take the place of consecutive files of one partition.
func (set *Set) Replace(table schema.Table, sources []*File, temporary string, meta Meta) error {
	meta.First, meta.Last = sources[0].First, sources[len(sources)-1].Last
	for _, file := range set.List(table) {
		if meta.contains(file.Meta) && !slices.Contains(sources, file) {
			return errors.Join(fmt.Errorf("%s is between the merged files", file.Path), os.Remove(temporary))
		}
	}
	return set.appear(table, temporary, meta, sources)
}

func (set *Set) appear(table schema.Table, temporary string, meta Meta, sources []*File) error {
	path := filepath.Join(set.tableFolder(table), meta.name())
	info, err := os.Stat(temporary)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	if err := SyncFolder(set.tableFolder(table)); err != nil {
		// It is not known to be durable, so it must not be there.
		return errors.Join(err, os.Remove(path))
	}
	set.mutex.Lock()
	defer set.mutex.Unlock()
	all := append(set.tables[table], &File{Meta: meta, Path: path, Bytes: info.Size(), Modified: info.ModTime()})
	set.tables[table] = all
	set.forget(table, sources)
	sortBySequence(set.tables[table])
	return nil
}

// Delete removes files, as soon as no query reads them.
func (set *Set) Delete(table schema.Table, obsolete []*File) {
	set.mutex.Lock()
	defer set.mutex.Unlock()
	set.forget(table, obsolete)
}

func (set *Set) forget(table schema.Table, obsolete []*File) {
	set.tables[table] = slices.DeleteFunc(set.tables[table], func(file *File) bool { return slices.Contains(obsolete, file) })
	for _, file := range obsolete {
		file.obsolete = true
		removeUnread(file)
	}
}

func removeUnread(file *File) {
	if file.obsolete && file.readers == 0 {
		_ = os.Remove(file.Path) // one that stays is deleted at the next start, or by the next retention
	}
}

// SyncFolder makes the renames in a folder durable.
func SyncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
