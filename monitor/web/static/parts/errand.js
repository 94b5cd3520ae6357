// What a page sets going, and what is told of it until it is done.
import { follow, post } from "../api.js";
import { byId, visible } from "../dom.js";
import { t } from "../text.js";

const AGAIN_MS = 1000;

const pause = () => new Promise((done) => setTimeout(done, AGAIN_MS));

function tell(errand) {
  byId("errand-state").textContent = t(`errand.${errand.state}`);
  byId("errand").hidden = !errand.lines.length;
  byId("errand").textContent = errand.lines.map(visible).join("\n");
}

/** Set a command going and follow it to its end; whether it was done. */
export async function run(name, body) {
  let errand = await post(`/errand/${name}`, body);
  tell(errand);
  while (errand.state === "running") {
    await pause();
    errand = await follow("/errand");
    tell(errand);
  }
  return errand.state === "done";
}
