package otlp

import (
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// point collects what is read of one data point; values that it does not have are nil.
type point struct {
	start, time, flags          uint64
	value, count, sum, min, max any
	all                         attributes
	distribution                string
}

// layout says which field of a data point has what; all have the times in fields 2 and 3, and count and sum in 4 and 5.
type layout struct{ attributes, flags, min, max protowire.Number }

var layouts = map[protowire.Number]layout{
	gauge:       {attributes: 7, flags: 8},
	sum:         {attributes: 7, flags: 8},
	histogram:   {attributes: 9, flags: 10, min: 11, max: 12},
	exponential: {attributes: 1, flags: 10, min: 12, max: 13},
	summary:     {attributes: 7, flags: 8},
}

func readPoint(kind protowire.Number, raw []byte) (one point, err error) {
	fields := layouts[kind]
	err = each(raw, func(part field) error {
		switch part.number {
		case fields.attributes:
			return one.all.add(part.bytes, 0, nil, MaximumText)
		case 2:
			one.start = part.value
		case 3:
			one.time = part.value
		case fields.flags:
			one.flags = part.value
		case fields.min:
			one.min = part.float()
		case fields.max:
			one.max = part.float()
		default:
			one.readValue(kind, part)
		}
		return nil
	})
	if err == nil {
		one.distribution, err = distribution(kind, raw)
	}
	return one, err
}

func (one *point) readValue(kind protowire.Number, part field) {
	isNumber := kind == gauge || kind == sum
	switch {
	case isNumber && part.number == 4:
		one.value = part.float()
	case isNumber && part.number == 6:
		one.value = float64(int64(part.value))
	case !isNumber && part.number == 4:
		one.count = part.value
	case !isNumber && part.number == 5:
		one.sum = part.float()
	}
}

// distribution writes buckets or quantiles as JSON.
func distribution(kind protowire.Number, raw []byte) (string, error) {
	var out []byte
	var err error
	switch kind {
	case histogram:
		out, err = appendPacked(append(out, `{"bounds":`...), raw, 7, protowire.Fixed64Type, floating)
		if err == nil {
			out, err = appendPacked(append(out, `,"counts":`...), raw, 6, protowire.Fixed64Type, whole)
		}
	case exponential:
		out, err = appendExponential(out, raw)
	case summary:
		out, err = appendQuantiles(append(out, `{"quantiles":[`...), raw)
		out = append(out, ']')
	default:
		return "", nil
	}
	return string(append(out, '}')), err
}

func whole(out []byte, value uint64) []byte    { return strconv.AppendUint(out, value, 10) }
func floating(out []byte, value uint64) []byte { return appendFloat(out, field{value: value}.float()) }

// appendPacked writes the numbers of a repeated field, packed or not, as an array.
func appendPacked(
	out, message []byte, number protowire.Number, typ protowire.Type, write func([]byte, uint64) []byte,
) ([]byte, error) {
	count := 0
	add := func(value uint64) {
		if count++; count <= MaximumItems {
			if count > 1 {
				out = append(out, ',')
			}
			out = write(out, value)
		}
	}
	out = append(out, '[')
	err := each(message, func(part field) error {
		if part.number != number {
			return nil
		}
		if part.typ != protowire.BytesType {
			add(part.value)
			return nil
		}
		for rest := part.bytes; len(rest) > 0; {
			var value uint64
			var length int
			if typ == protowire.Fixed64Type {
				value, length = protowire.ConsumeFixed64(rest)
			} else {
				value, length = protowire.ConsumeVarint(rest)
			}
			if length < 0 {
				return malformed(length)
			}
			add(value)
			rest = rest[length:]
		}
		return nil
	})
	return append(out, ']'), err
}

func appendExponential(out, raw []byte) ([]byte, error) {
	var scale, zero uint64
	var positive, negative []byte
	err := each(raw, func(part field) error {
		switch part.number {
		case 6:
			scale = part.value
		case 7:
			zero = part.value
		case 8:
			positive = part.bytes
		case 9:
			negative = part.bytes
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	out = strconv.AppendInt(append(out, `{"scale":`...), protowire.DecodeZigZag(scale), 10)
	out = strconv.AppendUint(append(out, `,"zeroCount":`...), zero, 10)
	if out, err = appendBuckets(append(out, `,"positive":`...), positive); err != nil {
		return out, err
	}
	return appendBuckets(append(out, `,"negative":`...), negative)
}

func appendBuckets(out, message []byte) ([]byte, error) {
	var offset uint64
	err := each(message, func(part field) error {
		if part.number == 1 {
			offset = part.value
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	out = strconv.AppendInt(append(out, `{"offset":`...), protowire.DecodeZigZag(offset), 10)
	out, err = appendPacked(append(out, `,"counts":`...), message, 2, protowire.VarintType, whole)
	return append(out, '}'), err
}

func appendQuantiles(out, raw []byte) ([]byte, error) {
	count := 0
	err := within(raw, 6, func(pair []byte) error {
		var quantile, value uint64
		err := each(pair, func(part field) error {
			switch part.number {
			case 1:
				quantile = part.value
			case 2:
				value = part.value
			}
			return nil
		})
		if count++; err != nil || count > MaximumItems {
			return err
		}
		if count > 1 {
			out = append(out, ',')
		}
		out = floating(append(out, '['), quantile)
		out = append(floating(append(out, ','), value), ']')
		return nil
	})
	return out, err
}
