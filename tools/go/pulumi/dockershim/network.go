package shim

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/errdefs"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// withoutWaiting replaces upstream's handling of a network, which waits two seconds before it reads a new network and
// before it removes one, because fields of overlay networks are set late. A network on one engine is complete when the
// engine responds; a workspace's `up` and `destroy` would each take two seconds longer. Upstream still handles the networks
// of a swarm.
func withoutWaiting(resource *schema.Resource) {
	create, read, remove := resource.CreateContext, resource.ReadContext, resource.DeleteContext
	resource.CreateContext = func(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
		if isOverlay(data) {
			return create(ctx, data, meta)
		}
		return diag.FromErr(createNetwork(ctx, data, meta))
	}
	resource.ReadContext = func(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
		if isOverlay(data) {
			return read(ctx, data, meta)
		}
		return diag.FromErr(readNetwork(ctx, data, meta))
	}
	resource.DeleteContext = func(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
		if isOverlay(data) {
			return remove(ctx, data, meta)
		}
		return diag.FromErr(removeNetwork(ctx, data, meta))
	}
}

func isOverlay(data *schema.ResourceData) bool {
	return data.Get("driver") == "overlay" || data.Get("ingress") == true
}

func createNetwork(ctx context.Context, data *schema.ResourceData, meta any) error {
	engine, err := connect(ctx, data, meta)
	if err != nil {
		return err
	}
	name := data.Get("name").(string)
	created, err := engine.NetworkCreate(ctx, name, options(data))
	if err != nil {
		return fmt.Errorf("unable to create network '%s': %w", name, err)
	}
	data.SetId(created.ID)
	return readNetwork(ctx, data, meta)
}

// options are those that upstream passes to the engine; the engine chooses what the program does not set.
func options(data *schema.ResourceData) network.CreateOptions {
	asked := network.CreateOptions{
		Driver:     data.Get("driver").(string),
		Internal:   data.Get("internal").(bool),
		Attachable: data.Get("attachable").(bool),
		Options:    texts(data.Get("options")),
		Labels:     map[string]string{},
		IPAM:       &network.IPAM{Driver: data.Get("ipam_driver").(string), Options: texts(data.Get("ipam_options"))},
	}
	if _, isSet := data.GetOk("ipv6"); isSet {
		enabled := true
		asked.EnableIPv6 = &enabled
	}
	for _, one := range data.Get("labels").(*schema.Set).List() {
		label := one.(map[string]any)
		asked.Labels[label["label"].(string)] = label["value"].(string)
	}
	for _, one := range data.Get("ipam_config").(*schema.Set).List() {
		config := one.(map[string]any)
		asked.IPAM.Config = append(asked.IPAM.Config, network.IPAMConfig{
			Subnet:     config["subnet"].(string),
			IPRange:    config["ip_range"].(string),
			Gateway:    config["gateway"].(string),
			AuxAddress: texts(config["aux_address"]),
		})
	}
	return asked
}

func readNetwork(ctx context.Context, data *schema.ResourceData, meta any) error {
	engine, err := connect(ctx, data, meta)
	if err != nil {
		return err
	}
	found, err := engine.NetworkInspect(ctx, data.Id(), network.InspectOptions{})
	if errdefs.IsNotFound(err) {
		data.SetId("")
		return nil
	}
	if err != nil {
		return fmt.Errorf("unable to inspect network '%s': %w", data.Id(), err)
	}
	labels := make([]any, 0, len(found.Labels))
	for label, value := range found.Labels {
		labels = append(labels, map[string]any{"label": label, "value": value})
	}
	for name, value := range map[string]any{
		"name":         found.Name,
		"labels":       labels,
		"driver":       found.Driver,
		"internal":     found.Internal,
		"attachable":   found.Attachable,
		"ingress":      found.Ingress,
		"ipv6":         found.EnableIPv6,
		"ipam_driver":  found.IPAM.Driver,
		"ipam_options": found.IPAM.Options,
		"scope":        found.Scope,
		"options":      found.Options,
		"ipam_config":  addresses(found.IPAM.Config),
	} {
		if err := data.Set(name, value); err != nil {
			return fmt.Errorf("reading '%s' of network '%s': %w", name, found.Name, err)
		}
	}
	return nil
}

func addresses(configs []network.IPAMConfig) []any {
	found := make([]any, 0, len(configs))
	for _, config := range configs {
		found = append(found, map[string]any{
			"subnet":      config.Subnet,
			"ip_range":    config.IPRange,
			"gateway":     config.Gateway,
			"aux_address": config.AuxAddress,
		})
	}
	return found
}

func removeNetwork(ctx context.Context, data *schema.ResourceData, meta any) error {
	engine, err := connect(ctx, data, meta)
	if err != nil {
		return err
	}
	return removeWhenFree(ctx, data, "network", "has active endpoints", engine.NetworkRemove)
}

// texts converts a map of any values to a map of strings; an empty one becomes nil.
func texts(values any) map[string]string {
	given := values.(map[string]any)
	if len(given) == 0 {
		return nil
	}
	made := make(map[string]string, len(given))
	for key, value := range given {
		made[key] = fmt.Sprint(value)
	}
	return made
}
