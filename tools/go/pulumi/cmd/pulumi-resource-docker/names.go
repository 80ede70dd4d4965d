package main

import (
	"sort"
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/walk"
)

// propertyNames lists, for each resource token, the properties that this plugin knows, nested ones with dots
// ("uploads.owner"). The project's tests compare them with the Python package: a name that only one side knows would be
// dropped silently.
func propertyNames(info tfbridge.ProviderInfo) map[string][]string {
	names := map[string][]string{}
	for terraform, resource := range info.Resources {
		schema := info.P.ResourcesMap().Get(terraform).Schema()
		names[string(resource.Tok)] = schemaNames(schema, resource.Fields)
	}
	return names
}

// schemaNames lists the property names of one resource.
func schemaNames(schema shim.SchemaMap, fields map[string]*tfbridge.SchemaInfo) []string {
	var names []string
	walk.VisitSchemaMap(schema, func(path walk.SchemaPath, _ shim.Schema) {
		if _, isAttribute := path[len(path)-1].(walk.GetAttrStep); isAttribute {
			names = append(names, dottedName(path, schema, fields))
		}
	})
	sort.Strings(names)
	return names
}

// dottedName translates every attribute of a path; steps into elements of lists have no name.
func dottedName(path walk.SchemaPath, schema shim.SchemaMap, fields map[string]*tfbridge.SchemaInfo) string {
	var names []string
	for i, step := range path {
		if _, isAttribute := step.(walk.GetAttrStep); !isAttribute {
			continue
		}
		name, err := tfbridge.TerraformToPulumiNameAtPath(path[:i+1], schema, fields)
		if err != nil {
			// Only a path of another schema fails, and this one comes from walking the schema.
			panic(err)
		}
		names = append(names, name)
	}
	return strings.Join(names, ".")
}
