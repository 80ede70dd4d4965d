package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

const (
	concurrent = 2
	waiting    = 16
	// longestWait is how long a query waits for others before it is refused.
	longestWait = 3 * time.Second
	// graceTime is how long a query may take to notice that its time is over.
	graceTime = 2 * time.Second
	// idleTime is how long the process stays without a query.
	idleTime = time.Minute
)

// Pool runs queries in the process for them: starts it when there is a query, ends it when there is none, and replaces it
// when it dies or hangs. Queries that need too much memory together run again, one after the other.
type Pool struct {
	options Options
	slots   chan struct{}
	// alone is for the query that takes all slots.
	alone   chan struct{}
	queue   atomic.Int64
	numbers atomic.Uint64
	mutex   sync.Mutex
	process *process
	idle    *time.Timer
}

// process is a running process for queries.
type process struct {
	command *exec.Cmd
	client  *rpc.Client
	// users is how many queries it runs.
	users int
	// isShared is whether several queries have been running since it last ran none.
	isShared bool
}

// NewPool prepares to run queries; nothing is started yet.
func NewPool(options Options) *Pool {
	return &Pool{options: options, slots: make(chan struct{}, concurrent), alone: make(chan struct{}, 1)}
}

// Run runs a query.
func (pool *Pool) Run(ctx context.Context, request Request) (*Reply, error) {
	if err := pool.enter(ctx, pool.slots, longestWait); err != nil {
		return nil, err
	}
	reply, wasShared, err := pool.run(ctx, request)
	<-pool.slots
	var failure *Failure
	if wasShared && errors.As(err, &failure) && (failure.Code == OutOfMemory || failure.Code == Interrupted) {
		return pool.runAlone(ctx, request)
	}
	return reply, err
}

// runAlone runs a query while no other one runs.
func (pool *Pool) runAlone(ctx context.Context, request Request) (*Reply, error) {
	if err := pool.enter(ctx, pool.alone, request.Timeout); err != nil {
		return nil, err
	}
	defer func() { <-pool.alone }()
	for range concurrent {
		if err := pool.enter(ctx, pool.slots, request.Timeout); err != nil {
			return nil, err
		}
		defer func() { <-pool.slots }()
	}
	reply, _, err := pool.run(ctx, request)
	return reply, err
}

// run runs a query, and tells whether others were running at the same time.
func (pool *Pool) run(ctx context.Context, request Request) (*Reply, bool, error) {
	process, err := pool.acquire()
	if err != nil {
		return nil, false, &Failure{Failed, "starting the process for queries: " + err.Error()}
	}
	reply, err := pool.runIn(ctx, process, request)
	return reply, pool.release(process), err
}

func (pool *Pool) runIn(ctx context.Context, process *process, request Request) (*Reply, error) {
	request.Number = pool.numbers.Add(1)
	reply := &Reply{}
	call := process.client.Go("Queries.Run", request, reply, make(chan *rpc.Call, 1))
	overdue := time.NewTimer(request.Timeout + graceTime)
	defer overdue.Stop()
	cancelled := ctx.Done()
	for {
		select {
		case <-call.Done:
			return pool.finish(process, call.Error, reply)
		case <-cancelled:
			process.client.Go("Queries.Cancel", request.Number, new(bool), make(chan *rpc.Call, 1))
			cancelled = nil
		case <-overdue.C:
			pool.discard(process)
			return nil, timedOut(request)
		}
	}
}

func (pool *Pool) finish(process *process, err error, reply *Reply) (*Reply, error) {
	if reply.Spent {
		pool.retire(process)
	}
	var refused rpc.ServerError
	switch {
	case err != nil && !errors.As(err, &refused):
		pool.discard(process)
		return nil, &Failure{Interrupted, fmt.Sprintf("the process for queries ended, most likely because a query needed more "+
			"than %d MB of memory; try again, or choose a shorter time range", pool.options.MemoryMegabytes)}
	case err != nil:
		return nil, &Failure{Failed, "the query failed: " + err.Error()}
	case reply.Failure != nil:
		return nil, reply.Failure
	}
	return reply, nil
}

// enter waits for the turn of a query.
func (pool *Pool) enter(ctx context.Context, turn chan struct{}, longest time.Duration) error {
	busy := &Failure{Busy, fmt.Sprintf("%d queries are running and others wait; try again", concurrent)}
	if pool.queue.Add(1) > waiting {
		pool.queue.Add(-1)
		return busy
	}
	defer pool.queue.Add(-1)
	timer := time.NewTimer(longest)
	defer timer.Stop()
	select {
	case turn <- struct{}{}:
		return nil
	case <-timer.C:
		return busy
	case <-ctx.Done():
		return &Failure{Cancelled, "the query was cancelled"}
	}
}

func (pool *Pool) acquire() (*process, error) {
	pool.mutex.Lock()
	defer pool.mutex.Unlock()
	if pool.idle != nil {
		pool.idle.Stop()
	}
	if pool.process == nil {
		started, err := start(pool.options)
		if err != nil {
			return nil, err
		}
		pool.process = started
	}
	pool.process.users++
	pool.process.isShared = pool.process.isShared || pool.process.users > 1
	return pool.process, nil
}

// release tells whether a query has shared the process.
func (pool *Pool) release(process *process) bool {
	pool.mutex.Lock()
	defer pool.mutex.Unlock()
	wasShared := process.isShared
	process.users--
	process.isShared = wasShared && process.users > 0
	switch {
	case process.users > 0:
	case process == pool.process:
		pool.idle = time.AfterFunc(idleTime, pool.rest)
	default:
		_ = process.client.Close()
	}
	return wasShared
}

// retire makes the next query start another process; this one ends with its last query.
func (pool *Pool) retire(process *process) {
	pool.mutex.Lock()
	defer pool.mutex.Unlock()
	if pool.process == process {
		pool.process = nil
	}
}

// rest ends a process without queries, so that it takes no memory.
func (pool *Pool) rest() {
	pool.mutex.Lock()
	defer pool.mutex.Unlock()
	if pool.process != nil && pool.process.users == 0 {
		_ = pool.process.client.Close()
		pool.process = nil
	}
}

// discard ends a process that cannot be used any more.
func (pool *Pool) discard(process *process) {
	_ = process.command.Process.Kill()
	pool.retire(process)
}

// Close ends the process.
func (pool *Pool) Close() {
	pool.mutex.Lock()
	defer pool.mutex.Unlock()
	if pool.process != nil {
		_ = pool.process.command.Process.Kill()
		pool.process = nil
	}
}

func start(options Options) (*process, error) {
	encoded, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	command := exec.Command("/proc/self/exe", Command, string(encoded))
	command.Stderr = os.Stderr
	// Few arenas: memory that one query has freed serves the next.
	command.Env = append(os.Environ(), "MALLOC_ARENA_MAX=2")
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	started := &process{command: command, client: rpc.NewClient(connection{output, input})}
	go func() {
		_, _ = command.Process.Wait()
		_ = started.client.Close()
	}()
	return started, nil
}

// connection joins the two pipes of a process.
type connection struct {
	io.ReadCloser
	io.WriteCloser
}

func (connection connection) Close() error {
	return errors.Join(connection.WriteCloser.Close(), connection.ReadCloser.Close())
}
