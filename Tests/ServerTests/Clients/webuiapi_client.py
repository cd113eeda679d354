"""Uses the server through webuiapi, a client of A1111. Arguments: the server's port and its key."""

import sys

import webuiapi

port, key = sys.argv[1:]
api = webuiapi.WebUIApi(host="127.0.0.1", port=int(port), sampler="Euler", steps=4)
api.set_auth("anybody", key)

assert api.get_options()["sd_model_checkpoint"]
assert api.get_sd_models()[0]["model_name"] and api.get_samplers() and api.get_schedulers() is not None
assert api.get_upscalers() and api.get_cmd_flags() and api.get_loras() == []

result = api.txt2img(prompt="a red fox", seed=7, cfg_scale=2, width=64, height=64, batch_size=2)
assert len(result.images) == 2 and result.image.size == (64, 64), result
assert result.info["seed"] == 7 and result.info["all_seeds"] == [7, 8] and result.info["steps"] == 4

near = api.img2img(images=[result.image], prompt="a blue fox", seed=1, denoising_strength=0.4, width=64, height=64, steps=4)
assert near.image.size == (64, 64)
assert isinstance(api.interrogate(result.image).info, str)
assert isinstance(api.png_info(result.image).info, str)
assert "progress" in api.get_progress()
api.interrupt()
api.skip()
print("ok")
