package shim

import (
	"context"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// removingAtOnce replaces how upstream removes a volume: it waits two seconds before it tries, and five before it tries
// again. A workspace's volumes are removed side by side, so that its `destroy` would be two seconds longer.
func removingAtOnce(resource *schema.Resource) {
	resource.DeleteContext = func(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
		return diag.FromErr(removeVolume(ctx, data, meta))
	}
}

// refusingOthers refuses a volume that somebody else has. Asked for a name that is taken, the engine returns the
// volume that has it, and upstream goes on with that one: two users who bring up the same names at the same moment would
// overwrite each other's files, and in the end remove each other's data. Its labels say whose a volume is.
func refusingOthers(resource *schema.Resource) {
	create := resource.CreateContext
	resource.CreateContext = func(ctx context.Context, data *schema.ResourceData, meta any) diag.Diagnostics {
		wanted := data.Get("labels").(*schema.Set)
		problems := create(ctx, data, meta)
		if problems.HasError() || wanted.Difference(data.Get("labels").(*schema.Set)).Len() == 0 {
			return problems
		}
		name := data.Id()
		data.SetId("")
		return diag.Errorf("making volume '%s': it exists and has other labels, so it is somebody else's and was left "+
			"alone. Remove it yourself, or choose another name.", name)
	}
}

func removeVolume(ctx context.Context, data *schema.ResourceData, meta any) error {
	engine, err := connect(ctx, data, meta)
	if err != nil {
		return err
	}
	return removeWhenFree(ctx, data, "volume", "volume is in use", func(ctx context.Context, name string) error {
		return engine.VolumeRemove(ctx, name, true)
	})
}
