/** Tabs that are links: each has an address of its own. */
export interface Tab {
  key: string;
  label: string;
  href: string;
}

export function Tabs({ label, tabs, chosen }: { label: string; tabs: Tab[]; chosen: string }) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map((one) => (
        <a key={one.key} href={one.href} aria-current={one.key === chosen ? "page" : undefined}>
          {one.label}
        </a>
      ))}
    </nav>
  );
}
