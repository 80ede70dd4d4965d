// Package otlp turns requests of the OpenTelemetry protocol into rows of the physical tables.
//
// It reads the protobuf encoding in place, record by record: decoding a request as a whole would take several times its
// size in memory.
package otlp

// What is kept of a record. Text is cut at a whole character; what is left out of attributes, events and links is counted in
// the columns dropped_*.
const (
	// MaximumAttributes limits the attributes of a record, an event, a link or a resource.
	MaximumAttributes = 256
	// MaximumName limits names, in bytes.
	MaximumName = 1024
	// MaximumText limits the value of an attribute, in bytes.
	MaximumText = 8 << 10
	// MaximumLongText limits bodies of log records, messages and stack traces of exceptions, in bytes.
	MaximumLongText = 32 << 10
	// MaximumJSON limits the attributes, the events or the links of a record together, in bytes.
	MaximumJSON = 64 << 10
	// MaximumItems limits the events and the links of a span, and the buckets of a distribution.
	MaximumItems = 1024
	// maximumDepth limits lists in lists.
	maximumDepth = 8
)
