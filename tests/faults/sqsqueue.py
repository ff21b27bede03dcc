"""sqsqueue: a queue as Lambda's event source sees it, in memory and without waiting.

What was received and not deleted comes back at once, as after a visibility timeout that is over;
what was received too often goes to the dead letters.
"""

import dataclasses


@dataclasses.dataclass
class Message:
    id: str
    job: dict
    body: str
    receives: int = 0
    in_flight: bool = False


class Queue:
    def __init__(self, most_receives):
        self.most_receives = most_receives
        self.messages = []
        self.dead = []
        self.deleted = []

    def send(self, message):
        self.messages.append(message)

    def receive(self, most):
        """Up to so many messages, now in flight."""
        waiting = [m for m in self.messages if not m.in_flight]
        for message in waiting:
            if message.receives >= self.most_receives:
                self.messages.remove(message)
                self.dead.append(message)
        taken = [m for m in waiting if m in self.messages][:most]
        for message in taken:
            message.receives += 1
            message.in_flight = True
        return taken

    def delete(self, message):
        self.messages.remove(message)
        self.deleted.append(message)

    def give_back(self, message):
        """Its visibility timeout is over; it goes to the end, as a standard queue may do."""
        message.in_flight = False
        self.messages.remove(message)
        self.messages.append(message)

    def is_empty(self):
        return not self.messages
