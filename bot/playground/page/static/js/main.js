// @ts-check
// Composes the page: receives the stream of changes and redraws the panes they affect.

import { ChannelPane } from "./channel.js";
import { ClusterPane, diagnoseCommand } from "./cluster.js";
import { byId } from "./dom.js";
import { Inspector } from "./inspector.js";
import { closeMenu } from "./menu.js";
import { Modal } from "./modal.js";
import { announce } from "./notice.js";
import { Feed, perform } from "./server.js";
import { Sidebar } from "./sidebar.js";
import { setUpTheme } from "./theme.js";
import { ThreadPane } from "./thread.js";
import { refreshTimes } from "./times.js";
import { World } from "./world.js";

const ACTING = "casebook-acting-as";
const TIMES_EVERY = 10_000;

const world = new World();
const handlers = { openThread, closeThread, openChannel, actAs, diagnose, closeCluster: () => showPane("cluster", false) };
const channel = new ChannelPane(world, handlers, byId("channel"));
const thread = new ThreadPane(world, handlers, byId("thread"));
const sidebar = new Sidebar(world, handlers, byId("sidebar"));
const cluster = new ClusterPane(world, handlers, byId("cluster"), byId("cluster-badge"));
const inspector = new Inspector(world, byId("inspector"), () => toggleInspector(false));
const modal = new Modal(world);
const feed = new Feed({ change: (change) => world.apply(change), state: showConnection });

world.listen((touched, fresh) => {
  if (touched.has("page")) applyPage();
  sidebar.arrived(fresh);
  if (touched.has("page") || fresh.length) sidebar.render();
  if (["page", "message", "ephemeral", "home", "prompts", "session"].some((each) => touched.has(each))) {
    channel.render();
    thread.render();
  }
  if (touched.has("delivery") || touched.has("cluster")) channel.guide.render();
  if (touched.has("view") || touched.has("page")) modal.render();
  if (touched.has("cluster") || touched.has("request")) cluster.render();
  if (["call", "delivery", "request"].some((each) => touched.has(each))) inspector.render();
  for (const message of fresh) onNewMessage(message);
});

setUpTheme(byId("toggle-theme"));
byId("toggle-inspector").addEventListener("click", () => toggleInspector());
byId("toggle-cluster").addEventListener("click", () => showPane("cluster"));
byId("toggle-sidebar").addEventListener("click", () => showPane("sidebar"));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  closeMenu();
  const inspecting = !byId("inspector").hidden;
  if (inspecting && (!world.thread || byId("inspector").contains(document.activeElement))) toggleInspector(false);
  else if (world.thread) closeThread();
});
document.addEventListener("keydown", typeAnywhere);
document.addEventListener("click", followPermalink);
setInterval(refreshTimes, TIMES_EVERY);
// The cookie has the token now, so remove it from the address and the history.
history.replaceState(null, "", "/");
world.user = remembered();
feed.open(world.user);

/** Apply the page's data: title, acting user, and a first channel if none is open. */
function applyPage() {
  document.title = world.page.title;
  byId("brand-note").textContent = world.page.title.replace(/^Casebook\s*/, "");
  world.user = world.page.acting;
  if (!world.page.channels.some((each) => each.id === world.channel)) world.channel = world.page.channels[0]?.id ?? "";
}

/**
 * @param {string} id
 */
function openChannel(id) {
  world.channel = id;
  world.thread = "";
  showPane("sidebar", false);
  channel.list.scroller.scrollTop = channel.list.scroller.scrollHeight;
  world.touch("page");
  channel.list.scroller.scrollTop = channel.list.scroller.scrollHeight;
  // The demo starts some scenes when a visitor opens their channel; the response does not matter.
  perform("open", { user: world.user, channel: id });
  if (world.channelOf(id)?.direct) channel.home.open("messages");
}

/**
 * @param {string} ts
 * @param {{ write?: boolean }} [options]
 */
function openThread(ts, { write = false } = {}) {
  world.thread = ts;
  world.touch("message");
  if (write) thread.composer.field.focus();
}

function closeThread() {
  const ts = world.thread;
  world.thread = "";
  world.touch("message");
  const opener = document.querySelector(`#channel [data-ts="${CSS.escape(ts)}"]`);
  if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
}

/**
 * @param {string} id
 */
function actAs(id) {
  world.user = id;
  try {
    sessionStorage.setItem(ACTING, id);
  } catch {
    // Without storage a reload acts as the first user again.
  }
  world.thread = "";
  feed.open(id);
}

/** @returns {string} */
function remembered() {
  try {
    return sessionStorage.getItem(ACTING) ?? "";
  } catch {
    return "";
  }
}

/**
 * Send typed text to the message box if nothing else takes it, as Slack does.
 * @param {KeyboardEvent} event
 */
function typeAnywhere(event) {
  if (event.key.length !== 1 || event.key === " " || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target instanceof Element ? event.target : null;
  if (!target || document.querySelector("dialog[open]") || !(target === document.body || target.matches(".message"))) return;
  const pane = target.closest("#thread") ? thread : channel;
  // The key itself goes to the field, because it has the focus before the browser inserts it.
  pane.composer.field.focus();
}

/**
 * Open links to messages of this workspace on the page, because no other client can.
 * @param {MouseEvent} event
 */
function followPermalink(event) {
  const target = event.target instanceof Element ? event.target.closest("a[href]") : null;
  const [, place, seconds, micros] = /\/archives\/(\w+)\/p(\d{10})(\d{6})(?:$|[?#])/.exec(target?.getAttribute("href") ?? "") ?? [];
  const message = world.items.get(`message/${place}/${seconds}.${micros}`);
  if (!message) return;
  event.preventDefault();
  if (place !== world.channel) openChannel(place);
  openThread(message.thread_ts ?? message.ts);
  const shown = document.querySelector(`#thread [data-ts="${CSS.escape(message.ts)}"]`);
  if (shown instanceof HTMLElement) shown.focus();
}

/** @param {Record<string, any>} item */
function diagnose(item) {
  showPane("cluster", false);
  channel.composer.put(diagnoseCommand(item, world.page.commands[0]?.command ?? "/diagnose"));
}

/**
 * Announce a new message; open the thread if it answers the user's own message.
 * @param {Record<string, any>} message
 */
function onNewMessage(message) {
  const isBot = Boolean(message.bot_id) || message.subtype === "ephemeral";
  if (message.user === world.user && !isBot) return;
  announce(`${isBot ? world.page.bot.name : world.userName(message.user)}: ${message.text ?? ""}`);
  if (!isBot || world.thread || message.channel !== world.channel || !message.thread_ts) return;
  const root = world.items.get(`message/${message.channel}/${message.thread_ts}`);
  if (root?.user === world.user && message.thread_ts !== message.ts) openThread(message.thread_ts);
}

/** @param {boolean} connected */
function showConnection(connected) {
  const state = byId("linkstate");
  state.textContent = connected ? "" : "Connection lost. Reconnecting…";
  state.classList.toggle("lost", !connected);
}

/** @param {boolean} [open] */
function toggleInspector(open = byId("inspector").hidden) {
  byId("inspector").hidden = !open;
  byId("toggle-inspector").setAttribute("aria-expanded", String(open));
  inspector.render();
  if (open) inspector.list.focus();
  else byId("toggle-inspector").focus();
}

/**
 * Show or hide a side pane in a narrow window.
 * @param {"sidebar" | "cluster"} name
 * @param {boolean} [open]
 */
function showPane(name, open = !document.body.classList.contains(`show-${name}`)) {
  document.body.classList.toggle(`show-${name}`, open);
  byId(`toggle-${name}`).setAttribute("aria-expanded", String(open));
}
