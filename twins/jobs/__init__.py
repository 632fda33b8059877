"""The work that workers do. The database's job row is the truth; a broker's message only carries its id."""
