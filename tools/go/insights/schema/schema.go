// Package schema defines the physical tables, in tables.sql.
package schema

import (
	_ "embed"
)

// SQL creates every table, empty.
//
//go:embed tables.sql
var SQL string

// Table is the name of a table, and of the folder with its files.
type Table string

// The tables.
const (
	Spans        Table = "spans"
	Exceptions   Table = "exceptions"
	Logs         Table = "logs"
	Metrics      Table = "metrics"
	Availability Table = "availability"
)

// Tables lists every table.
var Tables = []Table{Spans, Exceptions, Logs, Metrics, Availability}

// Time is the column with the time of a row, by which files are named and rows are ordered.
func (table Table) Time() string {
	if table == Spans {
		return "start_time"
	}
	return "time"
}
