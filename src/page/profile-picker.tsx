/** The traffic: a profile of the server with its parameters, or its text as it is edited; mistakes are shown at once. */
import { useEffect, useState } from "preact/hooks";
import { ask, refusalText } from "./asking.js";
import type { ProfileChecked, ProfileInfo, ProfileText } from "./contract.js";
import type { FormState } from "./run-form.js";
import { Mistakes, RefusalBox } from "./small-parts.js";
import { useAnswer } from "./use-answer.js";

export function ProfilePicker({ state: { form, change } }: { state: FormState }) {
  const all = useAnswer<{ profiles: readonly ProfileInfo[] }>("profiles");
  const chosen = useAnswer<ProfileText>(form.profile === "" ? null : `profiles/${encodeURIComponent(form.profile)}`);
  const profile = chosen.answer;
  const refusal = all.refusal ?? chosen.refusal;
  const text = form.profileText ?? profile?.text ?? "";
  return (
    <div class="profile">
      <label>
        profile{" "}
        <select
          name="profile"
          value={form.profile}
          onChange={(event) => change({ profile: event.currentTarget.value, profileText: null, set: {} })}
        >
          <option value="">plain UDP frames</option>
          {(all.answer?.profiles ?? []).map(({ name, description }) => (
            <option key={name} value={name} title={description}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {refusal === null ? null : <RefusalBox what="Profiles cannot be shown:" text={refusalText(refusal)} />}
      {form.profile === "" && form.profileText === null ? null : (
        <>
          <p class="soft">{profile?.description}</p>
          <Parameters profile={profile} state={{ form, change }} />
          <details>
            <summary>{form.profileText === null ? "its text" : "its text, edited"}</summary>
            <textarea
              name="profileText"
              aria-label="text of the profile"
              rows={14}
              spellcheck={false}
              value={text}
              onInput={(event) => change({ profileText: event.currentTarget.value })}
            />
          </details>
          <ProfileCheckView state={{ form, change }} />
        </>
      )}
    </div>
  );
}

function Parameters({ profile, state: { form, change } }: { profile: ProfileText | null; state: FormState }) {
  return (
    <>
      {(profile?.parameters ?? []).map(({ name, value }) => (
        <label key={name}>
          {name}{" "}
          <input
            type="text"
            name={`set ${name}`}
            placeholder={String(value)}
            value={form.set[name] ?? ""}
            onInput={(event) => {
              const { [name]: _old, ...others } = form.set;
              const text = event.currentTarget.value;
              change({ set: text === "" ? others : { ...others, [name]: text } });
            }}
          />
        </label>
      ))}
    </>
  );
}

const waitMs = 300;

/** The server reads the profile while it is typed. */
function ProfileCheckView({ state: { form } }: { state: FormState }) {
  const [checked, setChecked] = useState<ProfileChecked | null>(null);
  const source = form.profileText === null ? { name: form.profile } : { text: form.profileText };
  const request = JSON.stringify({ ...source, set: form.set, streams: 1 });
  useEffect(() => {
    let isCurrent = true;
    const look = async (): Promise<void> => {
      const answer = await ask<ProfileChecked>("profiles/check", "POST", JSON.parse(request) as object).catch(
        () => null,
      );
      if (isCurrent) setChecked(answer);
    };
    const timer = setTimeout(() => void look(), waitMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [request]);
  if (checked === null) return null;
  return checked.ok ? (
    <p class="good" role="status">
      the profile can be used
    </p>
  ) : (
    <Mistakes mistakes={checked.mistakes} />
  );
}
