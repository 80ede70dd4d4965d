package otlp

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed means that a request is not a protobuf message of the expected type.
var ErrMalformed = errors.New("the request is not valid OTLP")

// field is one field of a message: bytes of length-delimited ones, the number of all others.
type field struct {
	number protowire.Number
	typ    protowire.Type
	bytes  []byte
	value  uint64
}

func (one field) float() float64 { return math.Float64frombits(one.value) }

// each visits the fields of a message.
func each(message []byte, visit func(field) error) error {
	for len(message) > 0 {
		number, typ, length := protowire.ConsumeTag(message)
		if length < 0 {
			return malformed(length)
		}
		message = message[length:]
		one := field{number: number, typ: typ}
		var narrow uint32
		switch typ {
		case protowire.BytesType:
			one.bytes, length = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			one.value, length = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			one.value, length = protowire.ConsumeFixed64(message)
		case protowire.Fixed32Type:
			narrow, length = protowire.ConsumeFixed32(message)
			one.value = uint64(narrow)
		default:
			length = protowire.ConsumeFieldValue(number, typ, message)
		}
		if length < 0 {
			return malformed(length)
		}
		message = message[length:]
		if err := visit(one); err != nil {
			return err
		}
	}
	return nil
}

func malformed(length int) error {
	return fmt.Errorf("%w: %w", ErrMalformed, protowire.ParseError(length))
}

// within visits the messages in one repeated field.
func within(message []byte, number protowire.Number, visit func([]byte) error) error {
	return each(message, func(one field) error {
		if one.number != number {
			return nil
		}
		if one.typ != protowire.BytesType {
			return fmt.Errorf("%w: field %d is not a message", ErrMalformed, number)
		}
		return visit(one.bytes)
	})
}

// last returns the message in a field that is not repeated.
func last(message []byte, number protowire.Number) (found []byte, err error) {
	err = within(message, number, func(inner []byte) error {
		found = inner
		return nil
	})
	return found, err
}

// text makes valid text of at most so many bytes.
func text(raw []byte, maximum int) string { return string(cut(raw, maximum)) }

func cut(raw []byte, maximum int) []byte {
	if len(raw) > maximum {
		raw = raw[:maximum]
		// Not in the middle of a character.
		for length := 1; length < utf8.UTFMax && length <= len(raw); length++ {
			if start := raw[len(raw)-length:]; utf8.RuneStart(start[0]) {
				if !utf8.FullRune(start) {
					raw = raw[:len(raw)-length]
				}
				break
			}
		}
	}
	if utf8.Valid(raw) && !strings.Contains(string(raw), "\x00") {
		return raw
	}
	return []byte(strings.ReplaceAll(strings.ToValidUTF8(string(raw), "\uFFFD"), "\x00", "\uFFFD"))
}

// at converts nanoseconds since 1970 to the resolution of the tables.
func at(nanos uint64) time.Time { return time.UnixMicro(int64(nanos / 1000)).UTC() }

const hexadecimal = "0123456789abcdef"

// identifier writes an id; one of only zeros is absent.
func identifier(raw []byte, length int) (string, error) {
	if len(raw) != 0 && len(raw) != length {
		return "", fmt.Errorf("%w: an id has %d bytes, expected %d", ErrMalformed, len(raw), length)
	}
	var buffer [32]byte
	isZero := true
	for position, one := range raw {
		buffer[2*position], buffer[2*position+1] = hexadecimal[one>>4], hexadecimal[one&15]
		isZero = isZero && one == 0
	}
	if isZero {
		return "", nil
	}
	return string(buffer[:2*len(raw)]), nil
}
