import { complain, type InstanceDraft } from "./instance-draft.ts";

const DOWN_TIMER_ADVERTS = 3;

/** Tells of what strict mode overrules, as keepalived does. */
export function reportOverruled(draft: InstanceDraft): void {
  const { isStrict, settings, globals } = draft;
  if (!isStrict) return;
  const overruled: readonly (readonly [keyword: string, isOverruled: boolean])[] = [
    [
      "down_timer_adverts",
      (settings.number("down_timer_adverts") ?? globals.vrrp.downTimerAdverts) !== DOWN_TIMER_ADVERTS,
    ],
    ["garp_lower_prio_repeat", (settings.number("garp_lower_prio_repeat") ?? 0) > 0],
    ["garp_lower_prio_delay", (settings.number("garp_lower_prio_delay") ?? 0) > 0],
    ["lower_prio_no_advert", settings.boolean("lower_prio_no_advert") === false],
    ["higher_prio_send_advert", settings.boolean("higher_prio_send_advert") === true],
  ];
  for (const [keyword, isOverruled] of overruled) {
    if (isOverruled) complain(draft, "vrrp-adjusted", `strict mode overrules ${keyword}`, keyword);
  }
}
