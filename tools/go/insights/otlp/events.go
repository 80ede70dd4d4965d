package otlp

import (
	"database/sql/driver"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"ml-workspace/tools/go/insights/schema"
)

// exception is a span event of this name.
type exception struct {
	index   uint32
	at      time.Time
	columns known
	json    string
}

const exceptionEvent = "exception"

// readEvent reads an event, and the exception that it may be.
func (one *span) readEvent(message []byte) error {
	var name string
	var nanos uint64
	err := each(message, func(part field) error {
		switch part.number {
		case 1:
			nanos = part.value
		case 2:
			name = text(part.bytes, MaximumName)
		}
		return nil
	})
	if err != nil {
		return err
	}
	index := uint64(one.events.count) + one.events.dropped
	if name == exceptionEvent && len(one.exceptions) < MaximumItems {
		found, err := readException(message, 3)
		if err != nil {
			return err
		}
		found.index, found.at = uint32(index), at(nanos)
		one.exceptions = append(one.exceptions, found)
	}
	return one.events.add(message, func(out, message []byte) ([]byte, error) { return appendEvent(out, message, name, nanos) })
}

func appendEvent(out, message []byte, name string, nanos uint64) ([]byte, error) {
	out = append(out, `{"time":"`...)
	out = time.Unix(0, int64(nanos)).UTC().AppendFormat(out, time.RFC3339Nano)
	out = appendString(append(out, `","name":`...), []byte(name))
	return appendDetails(out, message, 3, 4)
}

// appendDetails completes the object of an event or a link: attributes, and how many of them are missing.
func appendDetails(out, message []byte, inAttributes, inDropped int) ([]byte, error) {
	inner := attributes{json: append(out, `,"attributes":`...)}
	inner.open()
	err := each(message, func(part field) error {
		switch int(part.number) {
		case inAttributes:
			return inner.add(part.bytes, 0, nil, MaximumText)
		case inDropped:
			inner.dropped += part.value
		}
		return nil
	})
	out = append(inner.close(), `,"dropped":`...)
	return append(strconv.AppendUint(out, inner.dropped, 10), '}'), err
}

func appendLink(out, message []byte) ([]byte, error) {
	var trace, span, state string
	err := each(message, func(part field) (err error) {
		switch part.number {
		case 1:
			trace, err = identifier(part.bytes, 16)
		case 2:
			span, err = identifier(part.bytes, 8)
		case 3:
			state = text(part.bytes, MaximumName)
		}
		return err
	})
	if err != nil {
		return out, err
	}
	out = append(append(out, `{"traceId":"`...), trace...)
	out = append(append(out, `","spanId":"`...), span...)
	out = appendString(append(out, `","traceState":`...), []byte(state))
	return appendDetails(out, message, 4, 5)
}

// readException reads the attributes of an exception: field 3 of an event, field 6 of a log record.
func readException(message []byte, inAttributes protowire.Number) (found exception, err error) {
	found.columns = known{"exception.type": "", "exception.message": "", "exception.stacktrace": "", "exception.escaped": ""}
	var others attributes
	err = within(message, inAttributes, func(pair []byte) error {
		key, value, err := keyAndValue(pair)
		if err != nil {
			return err
		}
		if _, isColumn := found.columns[string(key)]; !isColumn {
			return others.add(pair, 0, nil, MaximumText)
		}
		found.columns[string(key)], err = plain(value, MaximumLongText)
		return err
	})
	found.json = string(others.close())
	return found, err
}

func (found exception) row(one *span) Row {
	return Row{
		Table: schema.Exceptions, Time: found.at, Key: ExceptionKey(one.trace, one.id, found.index, found.at),
		Values: []driver.Value{
			found.at, one.trace, one.id, one.parent, found.index, one.name, one.kind, one.from.service, one.from.namespace,
			one.from.version, one.from.instance, found.columns["exception.type"], found.columns["exception.message"],
			found.columns["exception.stacktrace"], found.columns["exception.escaped"] == "true", found.json, one.from.json,
		},
	}
}
