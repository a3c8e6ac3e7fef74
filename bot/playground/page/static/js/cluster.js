// @ts-check
// Draws the cluster: broken and recovered objects, and the bot's recent API requests.

import { el, fill, refill } from "./dom.js";
import { keepFocus } from "./focus.js";
import { ago, epoch } from "./times.js";

/**
 * @typedef {Record<string, any>} Json
 * @typedef {import("./world.js").World} World
 */

const SHORT = /** @type {Record<string, string>} */ ({ PersistentVolumeClaim: "PVC", StatefulSet: "STS", Deployment: "DEPLOY", DaemonSet: "DS", APIService: "API", Namespace: "NS" });
const SHOWN_REQUESTS = 40;

export class ClusterPane {
  /**
   * @param {World} world
   * @param {{ diagnose: (item: Json) => void, closeCluster: () => void }} handlers
   * @param {HTMLElement} root
   * @param {HTMLElement} badge
   */
  constructor(world, handlers, root, badge) {
    this.world = world;
    this.handlers = handlers;
    this.badge = badge;
    this.summary = el("p", { class: "cluster-summary", testid: "cluster-summary" });
    this.items = el("ul", { class: "cluster-items", "aria-label": "Unhealthy objects" });
    this.log = el("ol", { class: "requests", testid: "requests", "aria-label": "API requests of the bot, newest first" });
    this.count = el("span", { class: "badge" });
    fill(
      root,
      el(
        "header",
        { class: "pane-head" },
        el("h2", { class: "pane-title", text: "Cluster" }),
        el("span", { class: "live", text: "live" }),
        el("button", { type: "button", class: "tool close only-narrow", "aria-label": "Back to the channel", text: "✕", on: { click: handlers.closeCluster } }),
      ),
      this.summary,
      el("div", { class: "scroller cluster-scroller", tabindex: "0", role: "region", "aria-label": "Unhealthy and recovered objects" }, this.items),
      el("details", { class: "request-log", open: true }, el("summary", {}, "API requests of the bot ", this.count), this.log),
    );
  }

  render() {
    const now = this.world.items.get("cluster/now");
    if (now) this.draw(now);
    this.drawRequests();
  }

  /** @param {Json} now */
  draw(now) {
    const broken = now.broken.filter((/** @type {Json} */ each) => each.level === "broken").length;
    this.badge.textContent = String(broken);
    this.badge.hidden = broken === 0;
    this.summary.dataset.broken = String(broken);
    this.summary.textContent = `${broken ? `${broken} unhealthy` : "Nothing is broken"} · ${now.nodes} nodes · ${now.pods} pods`;
    const rows = [...now.recovered.map((/** @type {Json} */ each) => this.item(each, true)), ...now.broken.map((/** @type {Json} */ each) => this.item(each, false))];
    keepFocus(this.items, () => refill(this.items, ...rows));
  }

  /**
   * @param {Json} each
   * @param {boolean} recovered
   */
  item(each, recovered) {
    const state = recovered ? "recovered" : each.level;
    const since = epoch(recovered ? each.at : each.since);
    const ask = el("button", { type: "button", class: "quiet", testid: "diagnose-item", data: { focus: `ask/${each.key}` }, "aria-label": `Diagnose ${each.kind} ${each.name}`, text: "Diagnose", on: { click: () => this.handlers.diagnose(each) } });
    return el(
      "li",
      { class: `cluster-item ${state}`, testid: "cluster-item", data: { key: each.key, state, status: each.status } },
      el("p", { class: "cluster-head" }, el("span", { class: "kind", title: each.kind, text: SHORT[each.kind] ?? each.kind.toUpperCase() }), el("span", { class: "status", testid: "cluster-status", text: recovered ? `✓ ${each.how}` : each.status }), Number.isNaN(since) ? null : ago(since, { short: true })),
      el(
        "div",
        { class: "object" },
        el("p", { class: "object-name" }, each.namespace ? el("span", { class: "namespace", text: `${each.namespace}/` }) : null, el("span", { text: each.name }), each.ready && each.kind === "Pod" && !recovered ? el("span", { class: "ready", text: ` ${each.ready}` }) : null),
        recovered ? null : ask,
      ),
      each.detail && !recovered ? el("p", { class: "detail", title: each.detail, text: each.detail }) : null,
    );
  }

  drawRequests() {
    const requests = this.world.all("request").sort((a, b) => b.number - a.number);
    this.count.textContent = requests.length ? String(requests[0].number + 1) : "0";
    const rows = requests.slice(0, SHOWN_REQUESTS).map((each) => {
      const kind = kindOf(each);
      const query = new URLSearchParams(each.query).toString();
      return el(
        "li",
        { class: kind, data: { status: String(each.status) }, title: `${each.method} ${each.path}${query ? `?${query}` : ""} → ${each.status}` },
        el("span", { class: "method", text: kind === "dry-run" ? `${each.method} dry run` : each.method }),
        el("span", { class: "path", text: each.path }),
        el("span", { class: each.status >= 400 || each.status === 0 ? "code bad" : "code", text: String(each.status || "—") }),
      );
    });
    refill(this.log, ...rows);
  }
}

/**
 * Classify a request as read, dry run or write. An access review is a POST that writes nothing.
 * @param {Json} request
 */
function kindOf(request) {
  if (request.method === "GET" || request.path.startsWith("/apis/authorization.k8s.io/")) return "read";
  const dry = request.query.dryRun === "All" || /"dryRun":\s*\[\s*"All"/.test(request.body);
  return dry ? "dry-run" : "write";
}

/**
 * Return the command that diagnoses an object.
 * @param {Json} item
 * @param {string} command
 */
export function diagnoseCommand(item, command) {
  return `${command} ${item.kind.toLowerCase()} ${item.namespace ? `${item.namespace}/` : ""}${item.name}`;
}
