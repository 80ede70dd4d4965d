package otlp

import (
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// known are the values of the attributes that have columns, by attribute.
type known map[string]string

// first returns the value of the first attribute that is present.
func (values known) first(keys ...string) string {
	for _, key := range keys {
		if value := values[key]; value != "" {
			return value
		}
	}
	return ""
}

// number returns the value of the first attribute that is a whole number, nil if there is none.
func (values known) number(keys ...string) any {
	for _, key := range keys {
		if value, err := strconv.ParseInt(values[key], 10, 32); err == nil {
			return int32(value)
		}
	}
	return nil
}

// attributes writes attributes as one JSON object.
type attributes struct {
	json    []byte
	count   int
	dropped uint64
	begun   bool
	begin   int
}

// read appends the attributes in a repeated field of a message. Those with an entry in wanted are stored there, too.
func (all *attributes) read(message []byte, number protowire.Number, depth int, wanted known) error {
	return within(message, number, func(pair []byte) error { return all.add(pair, depth, wanted, MaximumText) })
}

// add appends one attribute, a message KeyValue.
func (all *attributes) add(pair []byte, depth int, wanted known, maximum int) error {
	all.open()
	key, value, err := keyAndValue(pair)
	if err != nil {
		return err
	}
	if wanted != nil {
		if _, isWanted := wanted[string(key)]; isWanted {
			if wanted[string(key)], err = plain(value, maximum); err != nil {
				return err
			}
		}
	}
	before := len(all.json)
	if all.count >= MaximumAttributes || depth > maximumDepth {
		all.dropped++
		return nil
	}
	if all.count > 0 {
		all.json = append(all.json, ',')
	}
	all.json = append(appendString(all.json, cut(key, MaximumName)), ':')
	if all.json, err = appendValue(all.json, value, depth); err != nil {
		return err
	}
	if len(all.json)-all.begin > MaximumJSON {
		all.json = all.json[:before]
		all.dropped++
		return nil
	}
	all.count++
	return nil
}

func (all *attributes) open() {
	if !all.begun {
		all.begun, all.begin = true, len(all.json)
		all.json = append(all.json, '{')
	}
}

// close completes the object.
func (all *attributes) close() []byte {
	all.open()
	all.json = append(all.json, '}')
	return all.json
}

func keyAndValue(pair []byte) (key, value []byte, err error) {
	err = each(pair, func(one field) error {
		switch one.number {
		case 1:
			key = one.bytes
		case 2:
			value = one.bytes
		}
		return nil
	})
	return key, value, err
}

// plain writes an AnyValue for a text column: strings as they are, anything else as JSON.
func plain(value []byte, maximum int) (found string, err error) {
	isString := false
	err = each(value, func(one field) error {
		if isString = one.number == stringValue; isString {
			found = text(one.bytes, maximum)
		}
		return nil
	})
	if err != nil || isString || len(value) == 0 {
		return found, err
	}
	written, err := appendValue(nil, value, 0)
	return text(written, maximum), err
}
