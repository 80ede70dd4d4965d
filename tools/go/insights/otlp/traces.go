package otlp

import (
	"database/sql/driver"

	"ml-workspace/tools/go/insights/schema"
)

var (
	spanKinds   = []string{"UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"}
	statusCodes = []string{"UNSET", "OK", "ERROR"}
	spanColumns = []string{
		"http.request.method", "http.method", "http.response.status_code", "http.status_code", "http.route", "url.full",
		"http.url", "url.path", "url.query", "http.target", "url.scheme", "http.scheme", "server.address", "net.peer.name",
		"http.host", "net.host.name", "server.port", "net.peer.port", "net.host.port", "peer.service", "service.peer.name",
		"db.system.name", "db.system", "db.namespace", "db.name", "db.query.text", "db.statement", "messaging.system",
		"messaging.destination.name", "messaging.destination", "rpc.system.name", "rpc.system", "rpc.service", "rpc.method",
		"error.type",
	}
)

// span collects what is read of one span.
type span struct {
	from                                 *resource
	trace, id, parent, state, name, kind string
	status, statusMessage                string
	start, end                           uint64
	flags, droppedEvents, droppedLinks   uint64
	events, links                        list
	exceptions                           []exception
	all                                  attributes
	columns                              known
}

// list is a JSON array.
type list struct {
	json    []byte
	count   int
	dropped uint64
}

// Traces decodes an ExportTraceServiceRequest.
func Traces(request []byte, emit Emit) (result Result, err error) {
	columns := known{}
	err = scoped(request, func(from *resource, record []byte) error {
		for _, key := range spanColumns {
			columns[key] = ""
		}
		one := span{from: from, kind: spanKinds[0], status: statusCodes[0], columns: columns}
		if err := each(record, one.read); err != nil {
			return err
		}
		if one.trace == "" || one.id == "" {
			result.Rejected++
			result.Reason = "a span without trace id or span id"
			return nil
		}
		for _, found := range one.exceptions {
			if err := emit(found.row(&one)); err != nil {
				return err
			}
		}
		return emit(one.row())
	})
	return result, err
}

func (one *span) read(part field) (err error) {
	switch part.number {
	case 1:
		one.trace, err = identifier(part.bytes, 16)
	case 2:
		one.id, err = identifier(part.bytes, 8)
	case 3:
		one.state = text(part.bytes, MaximumName)
	case 4:
		one.parent, err = identifier(part.bytes, 8)
	case 5:
		one.name = text(part.bytes, MaximumName)
	case 6:
		one.kind = label(spanKinds, part.value)
	case 7:
		one.start = part.value
	case 8:
		one.end = part.value
	case 9:
		err = one.all.add(part.bytes, 0, one.columns, MaximumText)
	case 10:
		one.all.dropped += part.value
	case 11:
		err = one.readEvent(part.bytes)
	case 12:
		one.droppedEvents = part.value
	case 13:
		err = one.links.add(part.bytes, appendLink)
	case 14:
		one.droppedLinks = part.value
	case 15:
		err = one.readStatus(part.bytes)
	case 16:
		one.flags = part.value
	}
	return err
}

func (one *span) readStatus(message []byte) error {
	return each(message, func(part field) error {
		switch part.number {
		case 2:
			one.statusMessage = text(part.bytes, MaximumLongText)
		case 3:
			one.status = label(statusCodes, part.value)
		}
		return nil
	})
}

func label(labels []string, number uint64) string {
	if number < uint64(len(labels)) {
		return labels[number]
	}
	return labels[0]
}

func (one *span) row() Row {
	path := one.columns.first("url.path", "http.target")
	if query := one.columns["url.query"]; query != "" && one.columns["url.path"] != "" {
		path += "?" + query
	}
	host, port := []string{"server.address", "net.peer.name", "http.host"}, []string{"server.port", "net.peer.port"}
	if one.kind == "SERVER" || one.kind == "CONSUMER" {
		host, port = []string{"server.address", "http.host", "net.host.name"}, []string{"server.port", "net.host.port"}
	}
	duration := int64(0)
	if one.end > one.start {
		duration = int64(one.end - one.start)
	}
	columns := one.columns
	start := at(one.start)
	return Row{
		Table: schema.Spans, Time: start, Key: Key(one.trace, one.id),
		Values: []driver.Value{
			start, duration, one.trace, one.id, one.parent, one.state, uint32(one.flags), one.name, one.kind, one.status,
			one.statusMessage, one.from.service, one.from.namespace, one.from.version, one.from.instance,
			one.from.scopeName, one.from.scopeVersion,
			columns.first("http.request.method", "http.method"),
			columns.number("http.response.status_code", "http.status_code"),
			columns["http.route"], columns.first("url.full", "http.url"), path, columns.first("url.scheme", "http.scheme"),
			columns.first(host...), columns.number(port...), columns.first("peer.service", "service.peer.name"),
			columns.first("db.system.name", "db.system"), columns.first("db.namespace", "db.name"),
			columns.first("db.query.text", "db.statement"), columns["messaging.system"],
			columns.first("messaging.destination.name", "messaging.destination"),
			columns.first("rpc.system.name", "rpc.system"), columns["rpc.service"], columns["rpc.method"],
			columns["error.type"], string(one.all.close()), one.from.json, one.events.close(), one.links.close(),
			clamp(one.all.dropped), clamp(one.droppedEvents + one.events.dropped), clamp(one.droppedLinks + one.links.dropped),
		},
	}
}

func clamp(count uint64) uint32 { return uint32(min(count, 1<<32-1)) }

// add appends an element, unless there are too many already.
func (all *list) add(message []byte, write func(out, message []byte) ([]byte, error)) error {
	before := len(all.json)
	opening := byte(',')
	if all.count == 0 {
		opening = '['
	}
	written, err := write(append(all.json, opening), message)
	if err != nil {
		return err
	}
	if all.count >= MaximumItems || len(written) > MaximumJSON {
		all.json = written[:before]
		all.dropped++
		return nil
	}
	all.json = written
	all.count++
	return nil
}

func (all *list) close() string {
	if all.count == 0 {
		return ""
	}
	return string(append(all.json, ']'))
}
