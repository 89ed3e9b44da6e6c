/** The part of node-ipc 14.0.0's parsers that is used here; the package carries no types. */

declare module 'node-ipc/parsers' {
  export interface ParserConfiguration {
    readonly delimiter: string;
    readonly maxMessageSize: number;
    readonly maxPendingBytes: number;
    readonly maxEventNameLength: number;
    /** Milliseconds; 0 for none. */
    readonly messageTimeout: number;
    readonly allowReservedEvents: boolean;
    readonly allowedEvents: readonly string[];
  }

  export interface IncomingMessage {
    readonly type: string;
    readonly data: unknown;
  }

  export class IPCProtocolError extends Error {
    constructor(code: string, message: string);
    readonly code: string;
  }

  export class AssuredParser {
    constructor(configuration: ParserConfiguration);
    /** A frame with its delimiter. Throws an IPCProtocolError beyond the limits. */
    encode(type: string, data: unknown): string;
    /** Hands over every whole frame, and returns what is left. Throws an IPCProtocolError for what is no frame. */
    read(buffer: string, data: string, receive: (message: IncomingMessage) => void): string;
  }
}
