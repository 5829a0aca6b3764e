import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

/** Message types of the y-websocket wire that this app looks at. */
export const SYNC = 0;
export const AUTH = 2;
/** A request for a receipt, and its answer: sent back once all before it is committed. */
export const RECEIPT = 102;

const SYNC_STEP_1 = 0;

export function receiptFrame(version: number): Uint8Array {
  const payload = encoding.createEncoder();
  encoding.writeVarUint(payload, version);
  const frame = encoding.createEncoder();
  encoding.writeVarUint(frame, RECEIPT);
  encoding.writeVarUint8Array(frame, encoding.toUint8Array(payload));
  return encoding.toUint8Array(frame);
}

/** The version of a receipt, from a decoder that has read the message type. */
export function readReceipt(decoder: decoding.Decoder): number {
  return decoding.readVarUint(decoding.createDecoder(decoding.readVarUint8Array(decoder)));
}

/** Whether a sync message asks for what we have; leaves the decoder where it is. */
export function asksForOurs(decoder: decoding.Decoder): boolean {
  return decoding.peekVarUint(decoder) === SYNC_STEP_1;
}
