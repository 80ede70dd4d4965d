package otlp

import (
	"database/sql/driver"
	"time"

	"ml-workspace/tools/go/insights/schema"
)

// record collects what is read of one log record.
type record struct {
	time, observed, severity, flags uint64
	severityText, body, event       string
	trace, span                     string
	all                             attributes
	columns                         known
}

// Logs decodes an ExportLogsServiceRequest.
func Logs(request []byte, emit Emit) (Result, error) {
	return Result{}, scoped(request, func(from *resource, raw []byte) error {
		one := record{columns: known{
			"event.name": "", "microsoft.custom_event.name": "", "exception.type": "", "exception.message": "",
		}}
		if err := each(raw, one.read); err != nil {
			return err
		}
		key := contentKey(from.raw, from.rawScope, raw)
		if one.columns.first("exception.type", "exception.message") != "" {
			found, err := readException(raw, 6)
			if err != nil {
				return err
			}
			if err := emit(one.exception(from, key, found)); err != nil {
				return err
			}
		}
		return emit(one.row(from, key))
	})
}

func (one *record) read(part field) (err error) {
	switch part.number {
	case 1:
		one.time = part.value
	case 2:
		one.severity = part.value
	case 3:
		one.severityText = text(part.bytes, MaximumName)
	case 5:
		one.body, err = plain(part.bytes, MaximumLongText)
	case 6:
		err = one.all.add(part.bytes, 0, one.columns, MaximumText)
	case 7:
		one.all.dropped += part.value
	case 8:
		one.flags = part.value
	case 9:
		one.trace, err = identifier(part.bytes, 16)
	case 10:
		one.span, err = identifier(part.bytes, 8)
	case 11:
		one.observed = part.value
	case 12:
		one.event = text(part.bytes, MaximumName)
	}
	return err
}

// happened is the time of the record, or else when it was observed.
func (one *record) happened() time.Time {
	if one.time == 0 {
		return at(one.observed)
	}
	return at(one.time)
}

// exception is the exception that a record describes; its place is part of what the record says.
func (one *record) exception(from *resource, key uint64, found exception) Row {
	found.at, found.index = one.happened(), uint32(key)
	if found.columns["exception.message"] == "" {
		found.columns["exception.message"] = one.body
	}
	return found.row(&span{from: from, trace: one.trace, id: one.span})
}

func (one *record) row(from *resource, key uint64) Row {
	happened := one.happened()
	if one.event == "" {
		one.event = one.columns.first("event.name", "microsoft.custom_event.name")
	}
	return Row{
		Table: schema.Logs, Time: happened, Key: key,
		Values: []driver.Value{
			happened, optionalTime(one.observed), key, uint8(min(one.severity, 24)), one.severityText, one.event, one.body,
			one.trace, one.span, uint32(one.flags), from.service, from.namespace, from.version, from.instance,
			from.scopeName, from.scopeVersion, string(one.all.close()), from.json, clamp(one.all.dropped),
		},
	}
}

func optionalTime(nanos uint64) any {
	if nanos == 0 {
		return nil
	}
	return at(nanos)
}
