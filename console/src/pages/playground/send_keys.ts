/** Ctrl+Enter (on a Mac, ⌘+Enter) sends what is being typed. */
export const onSendKeys =
  (send: () => void) =>
  (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    send();
  };
