package engine

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"runtime/debug"
)

// Command is the first argument of the process for queries.
const Command = "query-engine"

const goHeapBytes = 24 << 20

// IsProcess tells whether this process is to run queries.
func IsProcess(arguments []string) bool { return len(arguments) == 3 && arguments[1] == Command }

// Serve runs queries until standard input ends.
func Serve(arguments []string) error {
	var options Options
	if err := json.Unmarshal([]byte(arguments[2]), &options); err != nil {
		return fmt.Errorf("reading the options: %w", err)
	}
	debug.SetMemoryLimit(goHeapBytes)
	if err := os.MkdirAll(options.Temporary, 0o700); err != nil {
		return err
	}
	database, err := open(options)
	if err != nil {
		return fmt.Errorf("starting the database: %w", err)
	}
	if err := limitMemory(); err != nil {
		return fmt.Errorf("limiting the memory: %w", err)
	}
	server := rpc.NewServer()
	service := &Queries{database, options, newRunning()}
	go service.running.watch(uint64(options.MemoryMegabytes+spareMegabytes) << 20)
	if err := server.RegisterName("Queries", service); err != nil {
		return err
	}
	server.ServeConn(pipes{})
	return nil
}

// pipes are standard input and output. The process ends with its input: then nobody waits for a result.
type pipes struct{}

func (pipes) Read(buffer []byte) (int, error) {
	count, err := os.Stdin.Read(buffer)
	if err == io.EOF {
		os.Exit(0)
	}
	return count, err
}

func (pipes) Write(content []byte) (int, error) { return os.Stdout.Write(content) }

func (pipes) Close() error { return nil }

// Queries is the service of the process.
type Queries struct {
	database *sql.DB
	options  Options
	running  *running
}

// Run runs a query. Its failure is in the reply; an error means that the process is of no more use.
func (queries *Queries) Run(request Request, reply *Reply) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	queries.running.add(request.Number, cancel)
	*reply = *run(ctx, queries.database, queries.options, request)
	queries.running.remove(request.Number)
	reply.Spent = isSpent()
	return nil
}

// Cancel ends a query.
func (queries *Queries) Cancel(number uint64, _ *bool) error {
	queries.running.cancel(number)
	return nil
}
