// Of what is imported as a whole the build keeps everything, so this names what is used.
export { io } from 'socket.io-client';
