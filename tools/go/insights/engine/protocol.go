// Package engine runs queries in a process of their own.
//
// A query of a user may take any amount of memory in spite of DuckDB's limit, which does not count what a function such as
// repeat allocates, and may not end when it is interrupted. So the process that stores telemetry starts another one for
// queries, which the kernel limits and which can be killed.
package engine

import (
	"net/http"
	"time"
)

// Request is one query.
type Request struct {
	// Number identifies the query when it is cancelled.
	Number uint64
	SQL    string
	// Arguments are the values of its parameters.
	Arguments []string
	// Own marks a query of this program: it may read the physical tables.
	Own bool
	// Files has the files of each table that may have rows of the range.
	Files map[string][]string
	// From and To are the range: rows at From are in it, rows at To are not.
	From, To time.Time
	// MaximumRows and MaximumBytes limit the result.
	MaximumRows, MaximumBytes int
	Timeout                   time.Duration
}

// Column is a column of a result.
type Column struct {
	Name string `json:"name"`
	// Type is one of the types of Application Insights: string, long, int, real, decimal, bool, datetime, timespan, guid,
	// dynamic.
	Type string `json:"type"`
}

// Reply is the result of a query, or its failure.
type Reply struct {
	Columns []Column
	// Rows is a JSON list of lists.
	Rows []byte
	// Truncated tells that there are more rows.
	Truncated bool
	Failure   *Failure
	// Spent tells that the process keeps too much memory to run further queries.
	Spent bool
}

// Code says why a query failed.
type Code string

// The codes.
const (
	Invalid     Code = "InvalidQuery"
	Forbidden   Code = "ForbiddenQuery"
	TimedOut    Code = "QueryTimedOut"
	OutOfMemory Code = "QueryOutOfMemory"
	Cancelled   Code = "QueryCancelled"
	// Interrupted is the failure of a query whose process ended, perhaps because of another query.
	Interrupted Code = "QueryInterrupted"
	Busy        Code = "TooManyQueries"
	Failed      Code = "QueryFailed"
)

// Failure is why a query has no result.
type Failure struct {
	Code    Code
	Message string
}

func (failure *Failure) Error() string { return failure.Message }

// statusCancelled is for a client that has closed the connection; nobody reads it.
const statusCancelled = 499

var statuses = map[Code]int{
	Invalid:     http.StatusBadRequest,
	Forbidden:   http.StatusBadRequest,
	OutOfMemory: http.StatusBadRequest,
	Busy:        http.StatusTooManyRequests,
	TimedOut:    http.StatusGatewayTimeout,
	Interrupted: http.StatusServiceUnavailable,
	Cancelled:   statusCancelled,
	Failed:      http.StatusInternalServerError,
}

// Status is the HTTP status of the failure.
func (failure *Failure) Status() int { return statuses[failure.Code] }

// Always is the range of everything that is stored.
var Always = struct{ From, To time.Time }{time.Time{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
