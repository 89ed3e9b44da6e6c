/** The part of node-ipc 14.0.0's server that is used here; the package carries no types. */

declare module 'node-ipc' {
  import type { Server as NetServer, Socket } from 'node:net';
  import type { AssuredParser, ParserConfiguration } from 'node-ipc/parsers';

  /** A connection, with what node-ipc keeps on it. */
  export interface IpcSocket extends Socket {
    /** The beginning of a frame whose rest has not come. */
    ipcBuffer: string;
  }

  export interface IpcConfiguration extends ParserConfiguration {
    socketRoot: string;
    secureSocketRoot: boolean;
    /** Whether whatever socket is at the path is removed at the start. */
    unlink: boolean;
    parser: string | (new (configuration: ParserConfiguration) => AssuredParser);
    silent: boolean;
    maxConnections: number;
  }

  export interface IpcServer {
    readonly server: NetServer | false;
    readonly sockets: readonly IpcSocket[];
    /** Throws for a folder that is another user's or not a folder. */
    start(): void;
    /** Destroys every connection, and closes. */
    stop(): void;
    /** Writes a frame. Destroys the connection and gives false where too much waits for it already. */
    write(socket: IpcSocket, frame: string): boolean;
    on(event: 'start', listener: (server: NetServer) => void): this;
    on(event: 'connect', listener: (socket: IpcSocket) => void): this;
    on(event: 'error', listener: (error: Error & { readonly code?: string }) => void): this;
    /** A message of this type. */
    on(event: string, listener: (data: unknown, socket: IpcSocket) => void): this;
  }

  export class IPC {
    readonly config: IpcConfiguration;
    readonly server: IpcServer | false;
    serve(path: string, onStart: () => void): void;
  }

  const singleton: { readonly IPC: typeof IPC };
  export default singleton;
}
