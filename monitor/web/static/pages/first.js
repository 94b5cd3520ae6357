// The first configuration of a home: as `monitor init`, in the browser.
import { byId, coded } from "../dom.js";
import { run } from "../parts/errand.js";
import { begin, language, part } from "../shell.js";
import { t } from "../text.js";

function wire() {
  const form = byId("first");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    part(async () => {
      try {
        const isDone = await run("first", {
          ...Object.fromEntries(new FormData(form).entries()),
          language,
        });
        if (isDone) {
          form.hidden = true;
          byId("errand-state").replaceChildren(...coded(t("first.done")));
        }
      } finally {
        button.disabled = false;
      }
    });
  });
}

wire();
await begin(async () => {});
