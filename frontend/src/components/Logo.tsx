/** The mark: a W whose ends are peers. */
export function Logo({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0b7285" />
      <path
        d="M7 10l4.5 12L16 12l4.5 10L25 10"
        fill="none"
        stroke="#fff"
        strokeWidth="2.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <circle cx="7" cy="10" r="2.4" fill="#fff" />
      <circle cx="25" cy="10" r="2.4" fill="#fff" />
    </svg>
  );
}
