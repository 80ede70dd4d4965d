package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// run runs one query.
func run(ctx context.Context, database *sql.DB, options Options, request Request) *Reply {
	limited, cancel := context.WithTimeout(ctx, request.Timeout)
	defer cancel()
	reply, err := answer(limited, database, request)
	if err == nil {
		return reply
	}
	return &Reply{Failure: explain(limited, err, options, request)}
}

func answer(ctx context.Context, database *sql.DB, request Request) (*Reply, error) {
	connection, err := database.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	found, err := parse(ctx, connection, request.SQL)
	if err != nil {
		return nil, err
	}
	if !request.Own {
		if err := found.check(); err != nil {
			return nil, err
		}
	}
	if err := define(ctx, connection, found.tables, request); err != nil {
		return nil, err
	}
	arguments := make([]any, len(request.Arguments))
	for number, argument := range request.Arguments {
		arguments[number] = argument
	}
	// One row more than asked for tells whether there are more. Without the limit all rows would be held in memory.
	limited := fmt.Sprintf("SELECT * FROM (%s) AS result LIMIT %d", strings.TrimRight(found.text, "; \n"), request.MaximumRows+1)
	rows, err := connection.QueryContext(ctx, limited, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return collect(rows, request)
}

// explain turns an error into what the user is told.
func explain(ctx context.Context, err error, options Options, request Request) *Failure {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure
	}
	switch {
	case errors.Is(context.Cause(ctx), errMemory):
		return outOfMemory(options)
	case errors.Is(context.Cause(ctx), errCrowded):
		return &Failure{Interrupted, "this query and another one together need more memory than queries have; try again"}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return timedOut(request)
	case ctx.Err() != nil:
		return &Failure{Cancelled, "the query was cancelled"}
	}
	var reported *duckdb.Error
	if !errors.As(err, &reported) {
		return &Failure{Failed, "the query failed: " + err.Error()}
	}
	switch reported.Type {
	case duckdb.ErrorTypeOutOfMemory:
		return outOfMemory(options)
	case duckdb.ErrorTypePermission:
		return &Failure{Forbidden, "the query reads files; only the tables of application insights can be read"}
	case duckdb.ErrorTypeIO, duckdb.ErrorTypeInternal, duckdb.ErrorTypeFatal:
		return &Failure{Failed, "the query failed: " + reported.Msg}
	default:
		return &Failure{Invalid, reported.Msg}
	}
}

func outOfMemory(options Options) *Failure {
	return &Failure{OutOfMemory, fmt.Sprintf("the query needs more than the %d MB of memory that queries have; choose a "+
		"shorter time range, fewer columns or fewer groups", options.MemoryMegabytes)}
}

func timedOut(request Request) *Failure {
	return &Failure{TimedOut, fmt.Sprintf("the query did not end within %v; choose a shorter time range", request.Timeout)}
}
