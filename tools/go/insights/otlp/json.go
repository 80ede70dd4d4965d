package otlp

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of AnyValue.
const (
	stringValue protowire.Number = 1 + iota
	boolValue
	intValue
	doubleValue
	arrayValue
	listValue
	bytesValue
)

// appendValue writes an AnyValue as JSON, and stops early when the result is too long to be kept anyway.
func appendValue(out, message []byte, depth int) ([]byte, error) {
	begin := len(out)
	err := each(message, func(one field) (err error) {
		out = out[:begin] // the last one counts
		switch one.number {
		case stringValue:
			out = appendString(out, cut(one.bytes, MaximumText))
		case boolValue:
			out = strconv.AppendBool(out, one.value != 0)
		case intValue:
			out = strconv.AppendInt(out, int64(one.value), 10)
		case doubleValue:
			out = appendFloat(out, one.float())
		case arrayValue:
			out, err = appendArray(out, one.bytes, depth+1)
		case listValue:
			var inner attributes
			inner.json = out
			err = inner.read(one.bytes, 1, depth+1, nil)
			out = inner.close()
		case bytesValue:
			raw := one.bytes[:min(len(one.bytes), MaximumText)]
			out = append(base64.StdEncoding.AppendEncode(append(out, '"'), raw), '"')
		}
		return err
	})
	if len(out) == begin {
		out = append(out, "null"...)
	}
	return out, err
}

func appendArray(out, message []byte, depth int) ([]byte, error) {
	begin := len(out)
	out = append(out, '[')
	if depth <= maximumDepth {
		first := true
		err := within(message, 1, func(value []byte) (err error) {
			if len(out)-begin > MaximumJSON {
				return nil
			}
			if !first {
				out = append(out, ',')
			}
			first = false
			out, err = appendValue(out, value, depth)
			return err
		})
		if err != nil {
			return out, err
		}
	}
	return append(out, ']'), nil
}

// appendFloat writes a number; JSON has no infinity.
func appendFloat(out []byte, value float64) []byte {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return strconv.AppendQuote(out, strconv.FormatFloat(value, 'g', -1, 64))
	}
	return strconv.AppendFloat(out, value, 'g', -1, 64)
}

// appendString writes valid text as a JSON string.
func appendString(out, raw []byte) []byte {
	out = append(out, '"')
	for _, one := range raw {
		switch {
		case one == '"' || one == '\\':
			out = append(out, '\\', one)
		case one == '\n':
			out = append(out, '\\', 'n')
		case one == '\t':
			out = append(out, '\\', 't')
		case one == '\r':
			out = append(out, '\\', 'r')
		case one < ' ' || one == utf8.RuneSelf-1:
			out = append(out, '\\', 'u', '0', '0', hexadecimal[one>>4], hexadecimal[one&15])
		default:
			out = append(out, one)
		}
	}
	return append(out, '"')
}
