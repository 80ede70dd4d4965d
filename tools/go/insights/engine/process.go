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
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Command is the first argument of the process for queries.
const Command = "query-engine"

const (
	// spareMegabytes is what the process may take beside the memory limit of DuckDB: what that does not count.
	spareMegabytes = 48
	goHeapBytes    = 24 << 20
)

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
	if err := limitMemory(options.MemoryMegabytes + spareMegabytes); err != nil {
		return fmt.Errorf("limiting the memory: %w", err)
	}
	server := rpc.NewServer()
	service := &Queries{database: database, options: options, running: map[uint64]context.CancelFunc{}}
	if err := server.RegisterName("Queries", service); err != nil {
		return err
	}
	server.ServeConn(pipes{})
	return nil
}

// limitMemory makes the kernel refuse memory above what the process has now and so many megabytes, and end this process
// first when the container has no more.
func limitMemory(megabytes int) error {
	// Without the permission the limit below still holds.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0o600)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(status), "VmData:")
	kilobytes, err := strconv.ParseUint(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		return err
	}
	limit := kilobytes<<10 + uint64(megabytes)<<20
	return syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: limit, Max: limit})
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
	mutex    sync.Mutex
	running  map[uint64]context.CancelFunc
}

// Run runs a query. Its failure is in the reply; an error means that the process is of no more use.
func (queries *Queries) Run(request Request, reply *Reply) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	queries.mutex.Lock()
	queries.running[request.Number] = cancel
	queries.mutex.Unlock()
	defer func() {
		queries.mutex.Lock()
		defer queries.mutex.Unlock()
		delete(queries.running, request.Number)
	}()
	*reply = *run(ctx, queries.database, queries.options, request)
	return nil
}

// Cancel ends a query.
func (queries *Queries) Cancel(number uint64, _ *bool) error {
	queries.mutex.Lock()
	defer queries.mutex.Unlock()
	if cancel, isRunning := queries.running[number]; isRunning {
		cancel()
	}
	return nil
}
