package engine

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// collect reads rows up to the limits of the request.
func collect(rows *sql.Rows, request Request) (*Reply, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	reply := &Reply{}
	for _, column := range types {
		reply.Columns = append(reply.Columns, Column{column.Name(), typeName(column.DatabaseTypeName())})
	}
	values, targets := make([]any, len(types)), make([]any, len(types))
	for number := range values {
		targets[number] = &values[number]
	}
	var text bytes.Buffer
	text.WriteByte('[')
	for count := 0; rows.Next(); count++ {
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		for number, column := range reply.Columns {
			values[number] = portable(values[number], column.Type)
		}
		row, err := json.Marshal(values)
		if err != nil {
			return nil, err
		}
		if count == request.MaximumRows || text.Len()+len(row) > request.MaximumBytes {
			reply.Truncated = true
			break
		}
		if count > 0 {
			text.WriteByte(',')
		}
		text.Write(row)
	}
	text.WriteByte(']')
	reply.Rows = text.Bytes()
	return reply, rows.Err()
}

var typeNames = map[string]string{
	"BOOLEAN": "bool",
	"TINYINT": "int", "SMALLINT": "int", "INTEGER": "int", "UTINYINT": "int", "USMALLINT": "int",
	"UINTEGER": "long", "BIGINT": "long", "UBIGINT": "long", "HUGEINT": "long", "UHUGEINT": "long",
	"FLOAT": "real", "DOUBLE": "real",
	"VARCHAR":   "string",
	"TIMESTAMP": "datetime", "TIMESTAMP_S": "datetime", "TIMESTAMP_MS": "datetime", "TIMESTAMP_NS": "datetime",
	"TIMESTAMPTZ": "datetime", "TIMESTAMP WITH TIME ZONE": "datetime", "DATE": "datetime",
	"INTERVAL": "timespan", "TIME": "timespan",
	"UUID": "guid",
}

// typeName returns the type of Application Insights for one of DuckDB.
func typeName(name string) string {
	if strings.HasPrefix(name, "DECIMAL") {
		return "decimal"
	}
	if known, isKnown := typeNames[name]; isKnown {
		return known
	}
	return "dynamic"
}

// portable returns a value in its JSON form.
func portable(value any, column string) any {
	switch found := value.(type) {
	case time.Time:
		if column == "timespan" {
			return found.Format("15:04:05.999999")
		}
		return found.UTC().Format(time.RFC3339Nano)
	case float64:
		return finite(found)
	case float32:
		return finite(float64(found))
	case *big.Int:
		return json.Number(found.String())
	case duckdb.Decimal:
		return json.Number(found.String())
	case duckdb.Interval:
		return interval(found)
	case []byte:
		if column == "guid" && len(found) == 16 {
			return fmt.Sprintf("%x-%x-%x-%x-%x", found[:4], found[4:6], found[6:8], found[8:10], found[10:])
		}
		return fmt.Sprintf("%x", found)
	}
	if column == "dynamic" && value != nil {
		if text, err := json.Marshal(plain(value)); err == nil {
			return string(text)
		}
		return fmt.Sprint(value)
	}
	return value
}

// finite returns a number, or the text of what JSON has no number for.
func finite(number float64) any {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return fmt.Sprint(number)
	}
	return number
}

func interval(found duckdb.Interval) string {
	length := time.Duration(found.Micros) * time.Microsecond
	return strings.TrimSpace(fmt.Sprintf("%s%s", days(found), length))
}

func days(found duckdb.Interval) string {
	if found.Months == 0 && found.Days == 0 {
		return ""
	}
	return fmt.Sprintf("%d months %d days ", found.Months, found.Days)
}

// plain returns a nested value with keys and leaves that JSON has.
func plain(value any) any {
	switch found := value.(type) {
	case []any:
		items := make([]any, len(found))
		for number, item := range found {
			items[number] = plain(item)
		}
		return items
	case map[string]any:
		items := map[string]any{}
		for key, item := range found {
			items[key] = plain(item)
		}
		return items
	case duckdb.Map:
		items := map[string]any{}
		for key, item := range found {
			items[fmt.Sprint(key)] = plain(item)
		}
		return items
	default:
		return portable(value, "")
	}
}
