package otlp

import "google.golang.org/protobuf/encoding/protowire"

// resource is who sent records: a resource and an instrumentation scope.
type resource struct {
	raw                               []byte
	json                              string
	service, namespace, version       string
	instance, scopeName, scopeVersion string
	rawScope                          []byte
}

// scoped visits the records of a request: resources in field 1, scopes in field 2 of these, records in field 2 of scopes.
func scoped(request []byte, visit func(from *resource, record []byte) error) error {
	return within(request, 1, func(ofResource []byte) error {
		from, err := readResource(ofResource)
		if err != nil {
			return err
		}
		return within(ofResource, 2, func(ofScope []byte) error {
			if err := from.readScope(ofScope); err != nil {
				return err
			}
			return within(ofScope, 2, func(record []byte) error { return visit(from, record) })
		})
	})
}

func readResource(message []byte) (*resource, error) {
	raw, err := last(message, 1)
	if err != nil {
		return nil, err
	}
	wanted := known{"service.name": "", "service.namespace": "", "service.version": "", "service.instance.id": ""}
	var all attributes
	if err := all.read(raw, 1, 0, wanted); err != nil {
		return nil, err
	}
	return &resource{
		raw: raw, json: string(all.close()),
		service: wanted["service.name"], namespace: wanted["service.namespace"],
		version: wanted["service.version"], instance: wanted["service.instance.id"],
	}, nil
}

func (from *resource) readScope(message []byte) (err error) {
	const name, version protowire.Number = 1, 2
	if from.rawScope, err = last(message, 1); err != nil {
		return err
	}
	from.scopeName, from.scopeVersion = "", ""
	return each(from.rawScope, func(one field) error {
		switch one.number {
		case name:
			from.scopeName = text(one.bytes, MaximumName)
		case version:
			from.scopeVersion = text(one.bytes, MaximumName)
		}
		return nil
	})
}
