"""Cannot be prepared."""


class Model:
    def predict(self, request):
        return request
