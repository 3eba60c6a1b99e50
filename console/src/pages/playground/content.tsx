/** An answer's content: text as people read it, pictures, sounds, and whatever else to be saved. */
import { useEffect, useState } from "preact/hooks";
import { bytes } from "../../format";
import { type Medium, fileName, mediaIn } from "./answers";
import { type Answer, MOST_KEPT, MOST_TEXT } from "./asking";
import { readable } from "./input";

export function Content({ answer }: { answer: Answer }) {
  const { content, contentType, isOver, isText, text } = answer;
  const media = useMedia(isOver && isText ? content : null);
  const isCut = text.length >= MOST_TEXT;
  return (
    <>
      {isText && (
        <pre class="answer" tabIndex={0} aria-label="The answer">
          {isOver && !isCut ? shortened(readable(text), media) : text.slice(0, MOST_TEXT)}
          {isCut && "\n… the rest is not shown"}
        </pre>
      )}
      {!isText && content !== null && <Shown medium={{ name: "answer", type: contentType, content }} />}
      {isOver && content === null && <p class="warn">It has {bytes(answer.bytes)}: more than {bytes(MOST_KEPT)} is not kept. Copy the request, and save it with curl.</p>}
      {media.map((one) => (
        <Shown key={one.name} medium={one} />
      ))}
      {isText && isCut && content !== null && <Download name="answer" content={content} />}
    </>
  );
}

const LONGEST_STRING = 400;

/** Where files were found in a text they are shown below it: their letters tell nobody anything. */
function shortened(text: string, media: Medium[]): string {
  if (media.length === 0) return text;
  return text.replace(/"[^"\\\s]{400,}"/g, (found) => `${found.slice(0, LONGEST_STRING / 4)}… ${bytes(found.length)} of text"`);
}

const LONGEST_SEARCHED = 32 * 1024 * 1024;

/** The files within a JSON text, also where its beginning alone is shown. */
function useMedia(content: Blob | null): Medium[] {
  const [media, setMedia] = useState<Medium[]>([]);
  useEffect(() => {
    setMedia([]);
    if (content === null || content.size > LONGEST_SEARCHED || content.size < SMALLEST_SEARCHED) return;
    let isLeft = false;
    content.text().then(
      (text) => isLeft || setMedia(mediaWithin(text)),
      () => undefined,
    );
    return () => void (isLeft = true);
  }, [content]);
  return media;
}

const SMALLEST_SEARCHED = 60;

function mediaWithin(text: string): Medium[] {
  try {
    return mediaIn(JSON.parse(text));
  } catch {
    return [];
  }
}

export function Shown({ medium: { name, type, content } }: { medium: Medium }) {
  const url = useUrl(content);
  const words = `${name}: ${type || "no type"}, ${bytes(content.size)}`;
  return (
    <figure class="medium" aria-label={name}>
      {url !== "" && type.startsWith("image/") && <img src={url} alt={words} />}
      {url !== "" && type.startsWith("audio/") && <audio src={url} controls aria-label={words} />}
      {url !== "" && type.startsWith("video/") && <video src={url} controls aria-label={words} />}
      {!/^(image|audio|video)\//.test(type) && <Octets content={content} />}
      <figcaption class="row">
        <span class="soft">{words}</span>
        <Download name={name} content={content} />
      </figcaption>
    </figure>
  );
}

const OCTETS = 64;

function Octets({ content }: { content: Blob }) {
  const [text, setText] = useState("");
  useEffect(() => {
    let isLeft = false;
    void content
      .slice(0, OCTETS)
      .arrayBuffer()
      .then((read) => isLeft || setText([...new Uint8Array(read)].map((one) => one.toString(16).padStart(2, "0")).join(" ")));
    return () => void (isLeft = true);
  }, [content]);
  return (
    <pre class="answer" tabIndex={0} aria-label="Its first octets">
      {text}
      {content.size > OCTETS && " …"}
    </pre>
  );
}

function Download({ name, content }: { name: string; content: Blob }) {
  const url = useUrl(content);
  return (
    <a href={url} download={fileName(name, content.type)}>
      Download
    </a>
  );
}

/** An address of it for as long as it is shown. */
function useUrl(content: Blob): string {
  const [url, setUrl] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(content);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [content]);
  return url;
}
