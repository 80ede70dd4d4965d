package otlp

import (
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/zeebo/xxh3"

	"ml-workspace/tools/go/insights/schema"
)

// Row is one row of a table.
type Row struct {
	Table schema.Table
	// Time is the value of the table's time column.
	Time time.Time
	// Key identifies the record that the row was made of: a record that is received again has the same key.
	Key uint64
	// Values are in the order of the table's columns.
	Values []driver.Value
}

// Size is about what the row takes in memory.
func (row Row) Size() int {
	const perValue = 32
	size := 0
	for _, value := range row.Values {
		size += perValue
		if text, isText := value.(string); isText {
			size += len(text)
		}
	}
	return size
}

// Key identifies a span or an exception by columns of its table, so that it can be computed from what is stored.
func Key(columns ...string) uint64 {
	var hasher xxh3.Hasher
	for _, column := range columns {
		_, _ = hasher.WriteString(column)
		_, _ = hasher.Write([]byte{0})
	}
	return hasher.Sum64()
}

// ExceptionKey identifies an exception.
func ExceptionKey(trace, span string, index uint32, at time.Time) uint64 {
	return Key(trace, span, fmt.Sprint(index), fmt.Sprint(at.UnixMicro()))
}

// contentKey identifies a record that has no id by all that it says.
func contentKey(contents ...[]byte) uint64 {
	var hasher xxh3.Hasher
	for _, content := range contents {
		_, _ = hasher.Write(content)
		_, _ = hasher.Write([]byte{0})
	}
	return hasher.Sum64()
}

// Result says what became of a request's records.
type Result struct {
	// Rejected counts records that cannot be stored, for the reason.
	Rejected int64
	Reason   string
}

// Emit takes a row; an error ends the decoding.
type Emit func(Row) error

// Decode turns a request into rows.
type Decode func(request []byte, emit Emit) (Result, error)
