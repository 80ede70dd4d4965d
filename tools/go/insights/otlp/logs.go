package otlp

import (
	"database/sql/driver"

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
		one := record{columns: known{"event.name": "", "microsoft.custom_event.name": ""}}
		if err := each(raw, one.read); err != nil {
			return err
		}
		return emit(one.row(from, contentKey(from.raw, from.rawScope, raw)))
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

func (one *record) row(from *resource, key uint64) Row {
	happened := one.time
	if happened == 0 {
		happened = one.observed
	}
	if one.event == "" {
		one.event = one.columns.first("event.name", "microsoft.custom_event.name")
	}
	return Row{
		Table: schema.Logs, Time: at(happened), Key: key,
		Values: []driver.Value{
			at(happened), optionalTime(one.observed), key, uint8(min(one.severity, 24)), one.severityText, one.event, one.body,
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
