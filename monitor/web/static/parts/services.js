// Services from what is configured, judged and measured at this moment; pure.

const WORST = ["failed", "slow", "well", "unmeasured"];

/** Services of the measuring point, the gravest verdict first, the unjudged last. */
export function servicesOf(targets, judged) {
  const verdicts = new Map(
    judged.services
      .filter((verdict) => verdict.vantage === targets.vantage)
      .map((verdict) => [verdict.service, verdict]),
  );
  const hosts = new Map([...verdicts.keys()].map((service) => [service, []]));
  for (const site of targets.targets) {
    if (site.role === "target") hosts.set(site.service, [...(hosts.get(site.service) ?? []), site]);
  }
  const gravity = ({ verdict }) => verdict?.kind.gravity ?? Infinity;
  return [...hosts]
    .map(([service, sites]) => ({ service, sites, verdict: verdicts.get(service) ?? null }))
    .sort((a, b) => gravity(a) - gravity(b) || 0);
}

/** The host whose moment a service is told by: the one that is worst. */
export function worst(sites) {
  return (
    [...sites].sort(
      (a, b) =>
        WORST.indexOf(a.state) - WORST.indexOf(b.state) ||
        (b.times_slower ?? 0) - (a.times_slower ?? 0),
    )[0] ?? null
  );
}

/** The host whose verdict a service's is, else its first. */
export function leadingHost({ sites, verdict }) {
  return verdict?.members[0]?.target ?? sites[0]?.name ?? null;
}

/** Where the trouble begins: line, sites for comparison, services; to the right of a
 * break nothing is claimed. */
export function railOf(now) {
  const of = (role) =>
    now.sites.filter((site) => site.role === role && site.state !== "unmeasured");
  const [controls, targets] = [of("control"), of("target")];
  const answered = controls.filter((site) => site.state !== "failed").length;
  const slow = targets.filter((site) => site.state === "slow").length;
  const failed = targets.filter((site) => site.state === "failed").length;
  const line = { up: "fine", down: "alarm", unknown: "open" }[now.line];
  const isTold = now.line === "up";
  return [
    { place: "line", tone: line, key: `rail.line_${now.line}`, values: {} },
    {
      place: "controls",
      tone: !controls.length || !isTold ? "open" : answered === controls.length ? "fine" : "warn",
      key: controls.length && now.line !== "unknown" ? "rail.controls_answered" : "rail.unknown",
      values: { answered, asked: controls.length },
    },
    {
      place: "services",
      tone: !isTold || !targets.length ? "open" : failed ? "alarm" : slow ? "warn" : "fine",
      key:
        !isTold || !targets.length
          ? "rail.unknown"
          : slow || failed
            ? "rail.services_not"
            : "rail.services_well",
      values: { slow, failed, asked: targets.length },
    },
  ];
}

/** The first sentence of the page, as its keys and the services they name. */
export function headline(now, services) {
  if (now.line !== "up") return [];
  const of = (state) =>
    services
      .filter(({ sites }) =>
        sites.some(({ name }) =>
          now.sites.some((site) => site.target === name && site.state === state),
        ),
      )
      .map(({ service }) => service);
  const [failed, slow] = [of("failed"), of("slow")];
  if (!failed.length && !slow.length) return [["head.well", []]];
  return [
    ["head.up", []],
    ["head.failed", failed],
    ["head.slow", slow],
  ].filter(([key, names]) => key === "head.up" || names.length);
}
