/** A publisher at a running server, by HTTP as any webcam would. */

/** What calls in. Implementers: `WrtcPublisher`, `ScriptedPublisher`. */
export interface Caller {
  offer(): Promise<string>;
  answer(sdp: string): Promise<void>;
}

export interface Call {
  /** Of the WHIP session. */
  location: string;
}

/** @param onAnswer may change the answer on its way; default: it arrives as it is */
export async function callIn(
  serverUrl: string,
  streamId: string,
  caller: Caller,
  {
    token,
    onOffer = (sdp) => sdp,
    onAnswer = (sdp) => sdp,
  }: {
    token?: string;
    onOffer?: (sdp: string) => string;
    onAnswer?: (sdp: string) => string | Promise<string>;
  } = {},
): Promise<Call> {
  const response = await fetch(`${serverUrl}/api/v1/whip/${streamId}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/sdp',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: onOffer(await caller.offer()),
  });
  const body = await response.text();
  if (response.status !== 201) throw new Error(`WHIP: ${response.status} ${body}`);
  await caller.answer(await onAnswer(body));
  return { location: new URL(response.headers.get('location')!, serverUrl).href };
}

/** Whether the server still knows the session. A fragment that adds nothing disturbs nothing. */
export async function isSession(location: string): Promise<boolean> {
  const { status } = await fetch(location, {
    method: 'PATCH',
    headers: { 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': '*' },
    body: 'a=end-of-candidates\r\n',
  });
  return status !== 404;
}
