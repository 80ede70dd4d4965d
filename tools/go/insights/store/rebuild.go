package store

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"ml-workspace/tools/go/insights/files"
	"ml-workspace/tools/go/insights/otlp"
	"ml-workspace/tools/go/insights/schema"
)

// identity is the columns that identify a record of a table.
var identity = map[schema.Table]string{
	schema.Spans:        "trace_id, span_id",
	schema.Exceptions:   "trace_id, span_id, event_index, time",
	schema.Logs:         "record_id",
	schema.Metrics:      "record_id",
	schema.Availability: "record_id",
}

// rebuild fills the window of a table from its latest files, so that what is sent again after a restart is recognised.
func (store *Store) rebuild(table schema.Table) (*window, error) {
	known := &window{rows: windowRows[table]}
	latest := store.set.List(table)
	slices.SortFunc(latest, func(one, other *files.File) int { return cmp.Compare(other.Last, one.Last) })
	missing := int64(known.rows)
	var reads []func() error
	for _, file := range latest {
		if missing <= 0 {
			break
		}
		from := max(int64(file.Rows)-missing, 0)
		missing -= int64(file.Rows)
		reads = append(reads, func() error { return store.readKeys(table, file.Path, from, known.add) })
	}
	slices.Reverse(reads) // the oldest first, because the window forgets what came first
	for _, read := range reads {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// readKeys visits the keys of the rows of a file, from a row on.
func (store *Store) readKeys(table schema.Table, path string, from int64, visit func(uint64)) error {
	query := fmt.Sprintf("SELECT %s FROM %s WHERE file_row_number >= %d", identity[table], numbered([]string{path}), from)
	rows, err := store.database.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	var trace, span string
	var number uint64
	for rows.Next() {
		switch table {
		case schema.Spans:
			err = rows.Scan(&trace, &span)
			number = otlp.Key(trace, span)
		case schema.Exceptions:
			var index uint32
			var at time.Time
			err = rows.Scan(&trace, &span, &index, &at)
			number = otlp.ExceptionKey(trace, span, index, at)
		default:
			err = rows.Scan(&number)
		}
		if err != nil {
			return err
		}
		visit(number)
	}
	return rows.Err()
}
