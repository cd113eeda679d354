"""Uses the server through OpenAI's own client. Arguments: the server's address and its key."""

import base64
import io
import sys

import openai

address, key = sys.argv[1:]
client = openai.OpenAI(base_url=address + "/v1", api_key=key, max_retries=0)


def is_png(text):
    return base64.b64decode(text).startswith(b"\x89PNG")


model = client.models.list().data[0].id
assert client.models.retrieve(model).id == model

reply = client.images.generate(model=model, prompt="a red fox", n=2, size="512x512", extra_body={"seed": 7})
assert len(reply.data) == 2 and all(is_png(image.b64_json) for image in reply.data), reply
assert reply.data[1].model_extra["seed"] == 8 and reply.usage.total_tokens > 0 and reply.size == "512x512"

kinds = []
for event in client.images.generate(prompt="a cat", stream=True, partial_images=2):
    kinds.append(event.type)
    assert is_png(event.b64_json)
assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"], kinds

picture = base64.b64decode(reply.data[0].b64_json)
named = ("fox.png", io.BytesIO(picture), "image/png")
edit = client.images.edit(image=named, prompt="a blue fox", n=1)
assert is_png(edit.data[0].b64_json)
edit = client.images.edit(image=[("fox.png", io.BytesIO(picture), "image/png")], prompt="a blue fox")
assert is_png(edit.data[0].b64_json)
kinds = [event.type for event in client.images.edit(image=("f.png", io.BytesIO(picture), "image/png"), prompt="a cat", stream=True)]
assert kinds == ["image_edit.completed"], kinds
variation = client.images.create_variation(image=("f.png", io.BytesIO(picture), "image/png"), n=2)
assert len(variation.data) == 2

url = "data:image/png;base64," + reply.data[0].b64_json
messages = [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]}]
caption = client.chat.completions.create(model=model, messages=messages).choices[0].message.content
assert isinstance(caption, str)
chunks = client.chat.completions.create(model=model, messages=messages, stream=True)
assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == caption

for call, error in [
    (lambda: client.images.generate(prompt=""), openai.BadRequestError),
    (lambda: client.images.generate(prompt="a", n=1000), openai.BadRequestError),
    (lambda: client.images.generate(prompt="a", model="dall-e-3"), openai.NotFoundError),
    (lambda: openai.OpenAI(base_url=address + "/v1", api_key="wrong").models.list(), openai.AuthenticationError),
]:
    try:
        call()
        raise SystemExit(f"expected {error}")
    except error as caught:
        assert "expected" in caught.body["message"], caught.body
print("ok")
