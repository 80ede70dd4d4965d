package engine

// #include <malloc.h>
import "C"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// dataMegabytes is what the kernel lets the process have, used or not: it refuses a function that wants gigabytes.
	dataMegabytes = 400
	// spareMegabytes is what the process may use besides the memory limit of DuckDB, which does not count everything: with
	// one thread, reading takes 15 MB and a join that goes to disk 35 MB.
	spareMegabytes = 56
	watchInterval  = 10 * time.Millisecond
	// restingMegabytes is what a process without queries may keep; one that keeps more is replaced.
	restingMegabytes = 40
	// patience is how long ended queries may take to free their memory.
	patience = time.Second
)

var (
	errMemory  = errors.New("the query uses too much memory")
	errCrowded = errors.New("several queries together use too much memory")
)

// limitMemory makes the kernel refuse more memory, and end this process first when the container has no more.
func limitMemory() error {
	// Without the permission the limits still hold.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0o600)
	limit := uint64(dataMegabytes) << 20
	return syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: limit, Max: limit})
}

// running is the queries that are running.
type running struct {
	mutex   sync.Mutex
	queries map[uint64]context.CancelCauseFunc
	// crowded is whether several queries have been running since the process last used less memory than its limit.
	crowded bool
	// early has the queries that were cancelled before they started: the two requests may overtake each other.
	early   map[uint64]bool
	started chan struct{}
}

func newRunning() *running {
	return &running{
		queries: map[uint64]context.CancelCauseFunc{}, early: map[uint64]bool{}, started: make(chan struct{}, 1),
	}
}

func (running *running) add(number uint64, cancel context.CancelCauseFunc) {
	running.mutex.Lock()
	defer running.mutex.Unlock()
	running.queries[number] = cancel
	running.crowded = running.crowded || len(running.queries) > 1
	if running.early[number] {
		cancel(context.Canceled)
	}
	select {
	case running.started <- struct{}{}:
	default:
	}
}

func (running *running) remove(number uint64) {
	running.mutex.Lock()
	defer running.mutex.Unlock()
	delete(running.queries, number)
	if len(running.queries) == 0 {
		clear(running.early)
	}
}

// cancel ends a query.
func (running *running) cancel(number uint64) {
	running.mutex.Lock()
	defer running.mutex.Unlock()
	if cancel, isRunning := running.queries[number]; isRunning {
		cancel(context.Canceled)
	} else {
		running.early[number] = true
	}
}

// cancelAll ends all queries because of their memory, and returns how many there are. A query that is left after the
// others have failed is not blamed: their memory may not have been freed yet.
func (running *running) cancelAll() int {
	running.mutex.Lock()
	defer running.mutex.Unlock()
	cause := errMemory
	if running.crowded {
		cause = errCrowded
	}
	for _, cancel := range running.queries {
		cancel(cause)
	}
	return len(running.queries)
}

// count is called when there is enough memory, and returns how many queries are running.
func (running *running) count() int {
	running.mutex.Lock()
	defer running.mutex.Unlock()
	running.crowded = len(running.queries) > 1
	return len(running.queries)
}

// watch ends all queries when the process uses more than the limit, and the process if that does not help.
func (running *running) watch(limit uint64) {
	for range running.started {
		exceeded := time.Time{}
		for number := 1; number > 0; time.Sleep(watchInterval) {
			if used() < limit {
				exceeded = time.Time{}
				number = running.count()
				continue
			}
			if exceeded.IsZero() {
				exceeded = time.Now()
			}
			number = running.cancelAll()
			if number > 0 && time.Since(exceeded) > patience {
				fmt.Fprintln(os.Stderr, "the process for queries ends: it uses too much memory")
				os.Exit(1)
			}
		}
	}
}

// isSpent tells, after a query, whether the process keeps so much memory that it is to be replaced.
func isSpent() bool {
	C.malloc_trim(0)
	return used() > restingMegabytes<<20
}

// used is the memory that only this process has, in bytes.
func used() uint64 {
	content, err := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(content))
	if err != nil || len(fields) < 3 {
		return 0
	}
	resident, _ := strconv.ParseUint(fields[1], 10, 64)
	shared, _ := strconv.ParseUint(fields[2], 10, 64)
	return (resident - shared) * uint64(os.Getpagesize())
}
