package otlp

import (
	"database/sql/driver"

	"google.golang.org/protobuf/encoding/protowire"

	"ml-workspace/tools/go/insights/schema"
)

// Fields of Metric with its data points.
const (
	gauge       protowire.Number = 5
	sum         protowire.Number = 7
	histogram   protowire.Number = 9
	exponential protowire.Number = 10
	summary     protowire.Number = 11
)

var (
	metricKinds = map[protowire.Number]string{
		gauge: "gauge", sum: "sum", histogram: "histogram", exponential: "exponential_histogram", summary: "summary",
	}
	temporalities = []string{"", "delta", "cumulative"}
)

// metric is what its data points have in common.
type metric struct {
	raw                     []byte
	name, description, unit string
	kind, temporality       string
	isMonotonic             bool
}

// Metrics decodes an ExportMetricsServiceRequest.
func Metrics(request []byte, emit Emit) (Result, error) {
	return Result{}, scoped(request, func(from *resource, message []byte) error {
		var one metric
		if err := one.readNames(message); err != nil {
			return err
		}
		return each(message, func(part field) error {
			kind, isData := metricKinds[part.number]
			if !isData {
				return nil
			}
			one.kind = kind
			if err := one.readProperties(part.bytes); err != nil {
				return err
			}
			return within(part.bytes, 1, func(raw []byte) error { return one.emit(from, part.number, raw, emit) })
		})
	})
}

func (one *metric) readNames(message []byte) error {
	return each(message, func(part field) error {
		switch part.number {
		case 1:
			one.name = text(part.bytes, MaximumName)
		case 2:
			one.description = text(part.bytes, MaximumName)
		case 3:
			one.unit = text(part.bytes, MaximumName)
		}
		return nil
	})
}

func (one *metric) readProperties(data []byte) error {
	one.temporality, one.isMonotonic = "", false
	return each(data, func(part field) error {
		switch part.number {
		case 2:
			one.temporality = label(temporalities, part.value)
		case 3:
			one.isMonotonic = part.value != 0
		}
		return nil
	})
}

func (one *metric) emit(from *resource, kind protowire.Number, raw []byte, emit Emit) error {
	point, err := readPoint(kind, raw)
	if err != nil {
		return err
	}
	key := contentKey(from.raw, from.rawScope, []byte(one.name), []byte(one.unit), []byte(one.kind), []byte(one.temporality), raw)
	return emit(Row{
		Table: schema.Metrics, Time: at(point.time), Key: key,
		Values: []driver.Value{
			at(point.time), optionalTime(point.start), key, one.name, one.unit, one.description, one.kind, one.temporality,
			one.isMonotonic, point.value, point.count, point.sum, point.min, point.max, point.distribution,
			from.service, from.namespace, from.version, from.instance, from.scopeName, from.scopeVersion,
			string(point.all.close()), from.json, uint32(point.flags),
		},
	})
}
