package engine

import (
	"context"
	"testing"
)

func TestQueryThatIsLeftWhileMemoryIsShortIsNotBlamed(t *testing.T) {
	running := newRunning()
	left, cancelLeft := context.WithCancelCause(context.Background())
	_, cancelOther := context.WithCancelCause(context.Background())
	running.add(1, cancelLeft)
	running.add(2, cancelOther)
	running.remove(2)
	running.cancelAll()
	if cause := context.Cause(left); cause != errCrowded {
		t.Error(cause)
	}
}

func TestQueryThatUsesTooMuchMemoryAloneIsBlamed(t *testing.T) {
	running := newRunning()
	_, cancelOther := context.WithCancelCause(context.Background())
	alone, cancelAlone := context.WithCancelCause(context.Background())
	running.add(1, cancelOther)
	running.add(2, cancelAlone)
	running.remove(1)
	if number := running.count(); number != 1 {
		t.Error(number)
	}
	running.cancelAll()
	if cause := context.Cause(alone); cause != errMemory {
		t.Error(cause)
	}
}
